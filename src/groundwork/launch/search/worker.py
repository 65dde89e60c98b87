"""One worker of a search: trials, one after the other, in this process, which share data and cached features."""

import math
import time
from contextlib import suppress

from optuna.trial import TrialState

from groundwork.core.console import Console
from groundwork.core.errors import DONE, user_error
from groundwork.core.patches import optuna_id
from groundwork.core.run_folder import RunFolder
from groundwork.core.signals import Stopped, check, signals_caught, waiting
from groundwork.launch.cli import enter
from groundwork.launch.config.compose import Composition, compose_run
from groundwork.launch.process.child import watch_parent
from groundwork.launch.saved import has_begun, save_start
from groundwork.launch.search.check import trial_overrides
from groundwork.launch.search.dimension import Values
from groundwork.launch.search.opened import open_search
from groundwork.launch.search.space import as_overrides
from groundwork.launch.search.study import Claim, Study
from groundwork.launch.start import resume
from groundwork.launch.work import first_job
from groundwork.launch.work import work as work_on
from groundwork.train.pruning import Pruned, pruned_by
from groundwork.train.share import sharing

SECONDS_BETWEEN_LOOKS = 1.0
OF_A_TRIAL = ("report.write=false",)  # the best one gets its report at the end


def main(overrides: list[str]) -> int:
    """Work for a search that another process watches."""
    watch_parent()
    return work_for(overrides)


def work_for(overrides: list[str]) -> int:
    """Work for the search that some overrides describe, in a process or job of its own."""
    console = Console()
    opened = open_search(compose_run(overrides), worker=True, console=console)
    work(opened.study, opened.base, console)
    return DONE


def work(study: Study, base: Composition, console: Console) -> None:
    """Run trials until none is left.

    Raises:
        KeyboardInterrupt: If a signal stops the worker; its trial waits for another one.
    """
    try:
        with study.working(), sharing(), signals_caught():
            while not study.is_over():
                with waiting():
                    claim = study.claim()
                if claim is None:
                    time.sleep(SECONDS_BETWEEN_LOOKS)  # others work on the last ones, and may be killed
                    continue
                began = time.perf_counter()
                value, state, reason = _attempt(study, base, claim)
                with waiting():
                    study.end(claim, state, value, reason)
                how = in_words(state, base.config.monitor, value, reason)
                console.say(told(claim.number, study.total, how, claim.values, time.perf_counter() - began))
    except Stopped as stopped:
        raise KeyboardInterrupt("the same command again goes on") from stopped


def in_words(state: TrialState, monitor: str, value: float | None, reason: str | None) -> str:
    """Say how a trial ended."""
    if state == TrialState.COMPLETE:
        return f"{monitor} {value:.5g}"
    return f"failed: {reason}" if state == TrialState.FAIL else str(reason)


def told(number: int, total: int, how: str, values: Values, seconds: float) -> str:
    """Say in one line which trial ended, how and with which values."""
    rounded = {
        key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in values.items()
    }
    return f"[{number + 1}/{total}] {how}   {' '.join(as_overrides(rounded))}   {seconds:.1f} s"


def _attempt(study: Study, base: Composition, claim: Claim) -> tuple[float | None, TrialState, str | None]:
    """Run one trial and tell its value, how it ended, and why where it has none."""
    try:
        check()
        value = _run(base, claim)
    except (KeyboardInterrupt, Stopped) as stop:
        study.give_back(claim)
        raise KeyboardInterrupt("the same command again goes on") from stop
    except Pruned as pruned:
        return None, TrialState.PRUNED, str(pruned)
    except BaseException as error:  # SystemExit of a plugged-in part, too
        return None, TrialState.FAIL, f"{user_error(error) or f'{type(error).__name__}: {error}'}"
    if value is None or not math.isfinite(value):
        return None, TrialState.FAIL, f"{base.config.monitor} is undefined"
    return value, TrialState.COMPLETE, None


def _run(base: Composition, claim: Claim) -> float | None:
    """Begin or go on with the run of a trial and return the monitored value on val."""
    folder = RunFolder.furnish(claim.path)
    with pruned_by(lambda step, value: _judge(claim, step, value)):
        if has_begun(folder):
            resume(str(folder.path), [])
        else:
            composition = compose_run([*trial_overrides(base, claim.values), *OF_A_TRIAL])
            save_start(folder, composition)
            with folder.held(wait=True):
                work_on(*first_job(folder, composition, Console(quiet=True)))
    result = folder.read_json("result")
    value: float | None = result["val"].get(result.get("monitor", base.config.monitor))
    return value


def _judge(claim: Claim, step: int, value: float) -> bool:
    if (
        math.isfinite(value)
        and step not in claim.trial.storage.get_trial(optuna_id(claim.trial)).intermediate_values
    ):
        claim.trial.report(value, step)
    return bool(claim.trial.should_prune())


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        raise SystemExit(enter(main))
