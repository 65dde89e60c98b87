"""Trials of a sweep -> what is swept over without effect, before any of them starts."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from groundwork.core.errors import UserError
from groundwork.core.quote import key_of
from groundwork.launch.config.effect import idle_in
from groundwork.launch.config.own import refuse_idle_sweep
from groundwork.launch.sweep.sweep import Trial
from groundwork.train.custom import is_own
from groundwork.train.idle import idle_keys

SEED = "seed"  # repeats of a run are asked for by it; where nothing is drawn, each of them says so


def refuse_without_effect(trials: Sequence[Trial]) -> None:
    """Refuse a key whose values lead to one and the same run, or that no run of the sweep reads.

    Raises:
        UserError: With the key.
    """
    _refuse_equal(trials)
    configs = [trial.composition.config for trial in trials]
    refuse_idle_sweep(configs, [trial.composition.overrides for trial in trials])
    if any(is_own(config) for config in configs):
        return
    overrides = [set(trial.composition.overrides) for trial in trials]
    varied = sorted({key_of(one) for own in overrides for one in own - overrides[0].intersection(*overrides)})
    # Of tables, and where the data is to choose, nothing is known yet.
    known = [trial.composition for trial in trials if trial.composition.config.data.kind == "image"]
    known = [one for one in known if "auto" not in (one.choices["transfer"], one.choices["loss"])]
    varied = [key for key in varied if key != SEED]
    # Those that may be idle at all.
    varied = idle_keys(varied, solves=False, trains=False, crosses=False, augments=True, stays=False)
    if varied and len(known) == len(trials):
        for composition in known:
            varied = idle_in(composition.config, varied)
        if varied:
            raise UserError(
                f"{varied[0]} must have an effect to be swept over, but the runs of this sweep do not read it. Remove "
                "it, or change transfer or transfer.solver."
            )


def _refuse_equal(trials: Sequence[Trial]) -> None:
    alike: dict[Path, list[Trial]] = defaultdict(list)
    for trial in trials:
        alike[trial.base].append(trial)
    for first, *others in alike.values():
        for other in others:
            mine, its = set(first.composition.overrides), set(other.composition.overrides)
            if mine != its:
                one, two = (" ".join(sorted(own)) for own in (mine - its, its - mine))
                raise UserError(
                    f"{one} and {two} must make different runs, but what they change is no part of what a run learns. "
                    f"Leave {key_of(one)} out of the sweep."
                )
