"""The run folder: names, JSON without NaN, whole files or none."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from groundwork.core.atomic import write_text
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder, plain, run_id, safe_name


def test_two_runs_never_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ids = iter(["a", "a", "b"])
    monkeypatch.setattr("groundwork.core.run_folder.run_id", lambda: next(ids))
    first, second = (RunFolder.create(tmp_path, "name") for _ in range(2))
    assert (first.path.name, second.path.name) == ("a", "b-1")


def test_run_ids_come_from_slurm_where_there_is_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    assert run_id() == "42"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "40")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    assert run_id() == "40_2"
    monkeypatch.delenv("SLURM_JOB_ID")
    name = run_id()
    assert safe_name(name) == name


def test_latest_is_the_newest_run(tmp_path: Path):
    for number, name in enumerate(("old", "new")):
        folder = RunFolder.create(tmp_path, name)
        folder.config_file.write_text("seed: 0\n")
        os.utime(folder.config_file, (number, number))
    assert RunFolder.find("latest", tmp_path).path.parent.name == "new"


@pytest.mark.parametrize("word", ["latest", "nowhere"])
def test_a_run_that_is_not_there_is_told(tmp_path: Path, word: str):
    with pytest.raises(UserError, match="run="):
        RunFolder.find(word, tmp_path)


def test_json_knows_no_nan(tmp_path: Path):
    folder = RunFolder(tmp_path)
    folder.write_json(
        "result.json", {"a": float("nan"), "b": np.float32(1.5), "c": np.arange(2), "d": (1, Path("x"))}
    )
    assert json.loads((tmp_path / "result.json").read_text()) == {
        "a": None,
        "b": 1.5,
        "c": [0, 1],
        "d": [1, "x"],
    }
    assert plain({1: np.array([np.inf])}) == {"1": [None]}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("groundwork.core.atomic.os.fsync", full)
    with pytest.raises(UserError, match="must have 3 bytes"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_keep_only_what_every_file_system_takes():
    assert safe_name("my run: α/β") == "my-run"
    assert safe_name("///") == "run"
