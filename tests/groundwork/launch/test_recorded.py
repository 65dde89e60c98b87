"""However the work of a run ends, its folder says how."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.core.signals import Stopped
from groundwork.launch.recorded import recorded, removed_if_refused
from groundwork.train.pruning import Pruned


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("a bad row"), "failed", "a bad row"),
        (UserError("optim.lr must be positive."), "failed", "optim.lr must be positive."),
        (SystemExit(3), "failed", "SystemExit: 3"),
        (Pruned("pruned at validation 4"), "pruned", "pruned at validation 4"),
        (Stopped("SIGUSR1"), "interrupted", "SIGUSR1"),
    ],
)
def test_the_folder_says_how_a_run_ended(tmp_path: Path, error: BaseException, status: str, said: str):
    folder, config = RunFolder(tmp_path), OmegaConf.create({"logger": {}})
    ends = pytest.raises(KeyboardInterrupt if status == "interrupted" else type(error))
    with ends, recorded(folder, config, Console(quiet=True)):
        raise error
    wrong = {"is_wrong": True} if isinstance(error, UserError) else {}
    assert folder.read_json("result.json") == {"status": status, "error": said, **wrong}


@pytest.mark.parametrize(
    ("ranks", "error", "begins"),
    [
        ("2", "[gloo/tcp/pair.cc] Connection reset by peer", "another rank died first"),
        ("2", "lr must be positive", "lr must be positive"),
        ("1", "Connection refused by the logger", "Connection refused by the logger"),
    ],
)
def test_a_rank_that_only_noticed_the_death_of_another_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ranks: str, error: str, begins: str
):
    monkeypatch.setenv("WORLD_SIZE", ranks)
    folder, config = RunFolder.furnish(tmp_path / "birds" / "41"), OmegaConf.create({"logger": {}})
    (logs := tmp_path / ".slurm" / "birds").mkdir(parents=True)
    with pytest.raises(RuntimeError), recorded(folder, config, Console(quiet=True)):
        raise RuntimeError(error)
    said = folder.read_json("result.json")["error"]
    assert said.startswith(begins)
    assert (str(logs) in said) == (begins != error)


@pytest.mark.parametrize(
    ("error", "left", "stays"),
    [
        (UserError("data.target must name a column."), "train.log", False),
        (SystemExit(2), "rank-1.log", False),
        (SystemExit(1), "train.log", True),
        (ValueError("a bad row"), "train.log", True),
        (UserError("it must be trained further."), "checkpoints/last.ckpt", True),
        (UserError("data.target must name a column."), "of my own.txt", True),
    ],
)
def test_only_the_bare_start_of_a_refused_run_is_taken_away(
    tmp_path: Path, error: BaseException, left: str, stays: bool
):
    folder = RunFolder.create(tmp_path / "runs", "birds")
    (folder.path / left).write_text("words", encoding="utf-8")
    with pytest.raises(type(error)), removed_if_refused(folder), folder.held(wait=True):
        raise error
    assert (tmp_path / "runs").exists() == folder.path.exists() == stays
