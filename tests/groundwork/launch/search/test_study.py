"""Workers share trials: none is lost, none repeated, whoever is killed or stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.launch.search import worker as search_worker
from groundwork.launch.search.sampler import build_sampler
from groundwork.launch.search.space import Space
from groundwork.launch.search.study import Claim, Study, open_storage
from groundwork.train.pruning import Pruned

Run = Callable[[Any, Claim], float]
SPACE = {"optim.lr": {"low": 1e-4, "high": 1.0, "log": True}, "optim": {"choices": ["adamw", "sgd"]},
         "optim.momentum": {"low": 0.5, "high": 0.9, "step": 0.2, "when": {"optim": "sgd"}}}  # fmt: skip
BASE: Any = SimpleNamespace(config=SimpleNamespace(monitor="rmse"))


def study_in(place: Path, space: dict[str, Any] = SPACE, **changes: Any) -> Study:
    place.mkdir(parents=True, exist_ok=True)
    common = OmegaConf.load(CONF / "search" / "_common.yaml")
    search = OmegaConf.merge(common, {"trials": 10, "sampler": "random", **changes})
    read = Space(space, {})
    sampler = build_sampler(search.sampler, read, search.seed, search.startup)
    return Study(place, search, read, sampler, "min")  # type: ignore[arg-type]


def formula(_: Any, claim: Claim) -> float:
    return float(claim.values["optim.lr"])  # type: ignore[arg-type]


def hang(_: Any, claim: Claim) -> float:
    """Finish two trials, then hang in the third."""
    (claim.path / "begun").touch()
    time.sleep(60 if claim.number == 2 else 0)
    return formula(None, claim)


def work(study: Study) -> None:
    search_worker.work(study, BASE, Console(quiet=True))


def values(place: Path, **changes: Any) -> list[str]:
    return [json.dumps(trial.user_attrs["values"]) for trial in study_in(place, **changes).trials()]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_worker, "_run", formula)
    monkeypatch.setattr(search_worker, "SECONDS_BETWEEN_LOOKS", 0.05)


def stopped_at(number: int) -> Run:
    seen = []

    def run(base: Any, claim: Claim) -> float:
        seen.append(claim.number)
        if claim.number == number and seen.count(number) == 1:
            raise KeyboardInterrupt
        return formula(base, claim)

    return run


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_an_interrupted_search_tries_what_an_uninterrupted_one_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: str
):
    work(study_in(tmp_path / "whole", trials=14, sampler=sampler))
    for number in (3, 12):
        monkeypatch.setattr(search_worker, "_run", stopped_at(number))
        with pytest.raises(KeyboardInterrupt):
            work(study_in(tmp_path / "parts", trials=14, sampler=sampler))
    monkeypatch.setattr(search_worker, "_run", formula)
    work(study_in(tmp_path / "parts", trials=14, sampler=sampler))
    found = values(tmp_path / "parts", trials=14)
    assert found == values(tmp_path / "whole", trials=14)
    assert len(set(found)) == 14  # a continuous key: no point twice


def test_a_larger_number_later_goes_on_to_exactly_that_many(tmp_path: Path):
    work(study_in(tmp_path / "s", trials=4))
    before = values(tmp_path / "s")
    work(study_in(tmp_path / "s", trials=9))
    work(study_in(tmp_path / "s", trials=9))
    assert len(values(tmp_path / "s")) == 9
    assert values(tmp_path / "s")[:4] == before


def test_a_grid_is_every_combination_once(tmp_path: Path):
    space = {**SPACE, "optim.lr": {"low": 1e-4, "high": 1.0, "log": True, "num": 3}}
    study = study_in(tmp_path / "s", space, sampler="grid", trials=99)
    work(study)
    found = sorted(tuple(trial.user_attrs["values"].values()) for trial in study.trials())
    rates = (1e-4, 1e-2, 1.0)
    expected = [(lr, "adamw") for lr in rates] + [(lr, "sgd", m) for lr in rates for m in (0.5, 0.7, 0.9)]
    assert found == sorted(expected)


def test_a_trial_whose_worker_was_killed_is_finished_by_another(tmp_path: Path):
    place = tmp_path / "s"
    command = [sys.executable, __file__, str(place), json.dumps({"trials": 4})]
    worker = subprocess.Popen(command)
    deadline = time.monotonic() + 90
    while not (place / "trial-0002" / "begun").exists():
        assert worker.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    claimed = study_in(place, trials=4).claim()
    assert claimed is not None
    assert claimed.number == 3  # 2 is being worked on
    study_in(place, trials=4).give_back(claimed)
    worker.kill()
    worker.wait()
    work(study_in(place, trials=4))
    trials = study_in(place, trials=4).trials()
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 4
    assert json.loads((place / "trial-0002" / "lease.json").read_text())["tries"] == 2


def test_a_worker_on_another_machine_keeps_its_trial_as_long_as_it_gives_signs_of_life(tmp_path: Path):
    study = study_in(tmp_path / "s", trials=1)
    with study.working():
        claim = study.claim()
        assert claim is not None
        study.give_back(claim)
        lease = {"worker": "elsewhere-1", "host": "elsewhere", "tries": 1}
        (claim.path / "lease.json").write_text(json.dumps(lease))
        pulse = study.place / "workers" / "elsewhere-1.alive"
        pulse.touch()
        assert study.claim() is None
        os.utime(pulse, (0, 0))
        again = study.claim()
        assert again is not None
        assert (again.number, again.values, again.tries) == (0, claim.values, 2)


def test_a_trial_that_kills_its_workers_fails_in_the_end(tmp_path: Path):
    study = study_in(tmp_path / "s", trials=1, tries=2)
    for tries in (1, 2):
        claim = study_in(
            tmp_path / "s", trials=1, tries=2
        ).claim()  # never let go of, and its worker has no lock
        assert claim is not None
        assert claim.tries == tries
    assert study.claim() is None
    (trial,) = study.trials()
    assert (trial.state.name, trial.user_attrs["reason"]) == ("FAIL", "its worker was killed 2 times")


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ValueError("bad luck"), "FAIL", "ValueError: bad luck"),
        (SystemExit(3), "FAIL", "SystemExit: 3"),
        (UserError("data.root must exist."), "FAIL", "data.root must exist."),
        (Pruned("pruned at validation 4"), "PRUNED", "pruned at validation 4"),
        (None, "FAIL", "rmse is undefined"),
    ],
)
def test_what_ends_a_trial_is_recorded_and_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException | None, state: str, reason: str
):
    def run(base: Any, claim: Claim) -> float:
        if claim.number == 1:
            if error is None:
                return float("nan")
            raise error
        return formula(base, claim)

    monkeypatch.setattr(search_worker, "_run", run)
    study = study_in(tmp_path / "s", trials=3)
    work(study)
    assert [trial.state.name for trial in study.trials()] == ["COMPLETE", state, "COMPLETE"]
    assert study.trials()[1].user_attrs["reason"] == reason


@pytest.mark.skipif(sys.platform == "win32", reason="TERM arrives on POSIX only")
def test_a_signal_between_trials_stops_as_one_within_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def run(base: Any, claim: Claim) -> float:
        if claim.number == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return formula(base, claim)

    monkeypatch.setattr(search_worker, "_run", run)
    with pytest.raises(KeyboardInterrupt, match="same command again"):
        work(study_in(tmp_path / "s", trials=3))
    study = study_in(tmp_path / "s", trials=3)
    assert [trial.state.name for trial in study.trials()] == ["COMPLETE", "RUNNING"]
    assert json.loads((study.path(1) / "lease.json").read_text()) | {"host": ""} == {
        "worker": None, "host": "", "tries": 0,
    }  # fmt: skip
    monkeypatch.setattr(search_worker, "_run", formula)
    work(study_in(tmp_path / "s", trials=3))
    assert study.is_over()


def test_the_median_of_the_others_prunes(tmp_path: Path):
    study = study_in(tmp_path / "s", trials=7, warmup=1)
    told = []
    for number in range(7):
        claim = study.claim()
        assert claim is not None
        value = 9.0 if number == 6 else 1.0
        told.append([search_worker._judge(claim, step, value) for step in (1, 2, 3)])
        assert not search_worker._judge(claim, 3, 0.0) or number == 6  # told again after a resume: ignored
        study.study.tell(claim.number, value)
    assert not any(map(any, told[:6]))
    assert told[6] == [False, True, True]


def test_an_address_that_opens_nothing_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"search\.storage"):
        open_storage("nosuch://host/db", tmp_path)


def test_an_unknown_sampler_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="tpe, random, grid"):
        study_in(tmp_path / "s", sampler="best")


if __name__ == "__main__":
    search_worker._run = hang
    work(study_in(Path(sys.argv[1]), **json.loads(sys.argv[2])))
