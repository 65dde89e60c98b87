"""Combinations become trials whose folder follows from their configuration, and a record of what became of each."""

import json
import re
from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.saved import save_start, saved_composition
from groundwork.launch.sweep.sweep import Record, Trial, compare_command, identify


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    return ["data=diabetes", f"paths.runs={tmp_path / 'runs'}"]


def trials_of(words: list[str], *varied: str) -> list[Trial]:
    return identify([[*words, word] for word in varied])


def test_a_trial_has_the_same_folder_whenever_it_is_composed(words: list[str]):
    first, second = trials_of(words, "seed=0", "seed=1")
    again = trials_of(words, "seed=1", "seed=2", "seed=0")
    assert first.id == again[2].id
    assert second.id == again[0].id
    assert len({trial.id for trial in (first, second, again[1])}) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", trial.id) for trial in again)
    assert first.varied == "seed=0"


def test_where_and_how_a_trial_runs_does_not_change_it(words: list[str]):
    here, there = trials_of(words, "cluster.jobs=1", "cluster.jobs=4")
    assert there.folder.path == here.folder.path.with_name(f"{here.id}-2")


def test_equal_combinations_are_trials_of_their_own(words: list[str]):
    trials = trials_of(words, "trainer.devices=1", "trainer.devices=2", "trainer.devices=1")
    assert len({trial.id for trial in trials}) == 3
    assert trials[2].id == f"{trials[0].id}-2"


def test_a_record_says_what_is_missing_and_forgets_nothing(words: list[str], tmp_path: Path):
    trials = trials_of(words, "seed=0", "seed=1", "seed=2")
    record = Record(tmp_path / "runs", trials)
    assert record.open(trials, {"pid": 1}) == trials
    for trial in trials:
        trial.furnish()
    trials[0].folder.write_json("result.json", {"status": "done"})
    record.started(trials[1])
    record.update(trials[1], status="failed", error="ValueError: lr")
    later = Record(tmp_path / "runs", trials)
    # The driver was killed: the trial that failed had its turn, the one that waited did not.
    assert later.open(trials, {"pid": 2}) == [trials[2]]
    assert json.loads(later.path.read_text(encoding="utf-8"))["driver"] == {"pid": 2}
    later.end(trials)
    assert Record(tmp_path / "runs", trials).open(trials, {}) == trials[1:]


def test_a_new_try_forgets_how_the_last_one_ended(words: list[str]):
    (trial,) = trials_of(words, "seed=0")
    trial.furnish()
    trial.folder.write_json("result.json", {"status": "failed", "error": "disk full", "n": 3})
    before = trial.folder.config_file.stat().st_mtime_ns
    trial.furnish()
    assert trial.folder.read_json("result.json")["status"] == "running"
    assert trial.folder.config_file.stat().st_mtime_ns == before


def test_a_fresh_process_begins_from_the_folder_alone(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    composition = compose_run(["data=table", "data.table=houses, 2.csv", "data.target=price", words[1]])
    folder = RunFolder.furnish(tmp_path / "runs" / "table" / "one")
    save_start(folder, composition)
    monkeypatch.chdir("/")
    found = saved_composition(folder, ["trainer.max_epochs=2"])
    assert found.config.data.table == str(tmp_path / "houses, 2.csv")
    assert found.config.trainer.max_epochs == 2


def test_a_configuration_that_has_changed_since_is_refused(words: list[str], tmp_path: Path):
    folder = RunFolder.furnish(tmp_path / "runs" / "table" / "one")
    save_start(folder, compose_run(words))
    start = folder.read_json("environment.json")
    folder.write_json("environment.json", {**start, "overrides": [*words, "seed=5"]})
    with pytest.raises(UserError, match="conf/ has changed"):
        saved_composition(folder, [])


def test_the_command_that_compares_names_all_trials(words: list[str], tmp_path: Path):
    trials = trials_of(words, "seed=0", "seed=1")
    assert (
        compare_command([trial.folder.path for trial in trials])
        == f"next    uv run scripts/compare.py runs='{tmp_path}/runs/diabetes/sweep-*'"
    )
    kinds = trials_of(words[1:], "data=diabetes", "data=digits")
    assert (
        compare_command([trial.folder.path for trial in kinds])
        == f"next    uv run scripts/compare.py runs='{tmp_path}/runs/*/sweep-*'"
    )
