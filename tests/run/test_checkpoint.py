"""Checkpoints are whole, and reading one never executes anything."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from groundwork.batch import UserError
from groundwork.run.checkpoint import AtomicCheckpointIO, load, save


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch trapped",)


def test_what_is_saved_comes_back(tmp_path: Path):
    path = tmp_path / "best.ckpt"
    save({"state_dict": {"w": torch.arange(3.0)}, "config": {"seed": 0}}, path)
    assert torch.equal(load(path)["state_dict"]["w"], torch.arange(3.0))


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.ckpt").write_bytes(pickle.dumps({"state_dict": Trap()}))
    torch.save({"state_dict": Trap()}, tmp_path / "worse.ckpt")
    for name in ("bad.ckpt", "worse.ckpt"):
        with pytest.raises(UserError, match="plain types"):
            load(tmp_path / name)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("kept", [0, 10, 500])
def test_half_a_checkpoint_is_refused(tmp_path: Path, kept: int):
    path = tmp_path / "best.ckpt"
    save({"state_dict": {"w": torch.zeros(1000)}}, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match="whole checkpoint"):
        load(path)


def test_a_full_disk_keeps_the_previous_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"w": torch.ones(1)}}, path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("groundwork.run.whole.os.fsync", full)
    with pytest.raises(UserError, match=r"last\.ckpt must have [\d,]+ bytes, but [\d,]+ are free"):
        AtomicCheckpointIO().save_checkpoint({"state_dict": {"w": torch.zeros(1)}}, path)
    assert load(path)["state_dict"]["w"].item() == 1
    assert list(tmp_path.iterdir()) == [path]
