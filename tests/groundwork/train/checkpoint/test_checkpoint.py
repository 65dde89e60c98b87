"""Checkpoints are whole, and reading one never executes anything."""

import errno
import io
import os
import pickle
import re
from hashlib import blake2b
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import torch

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.train.checkpoint.checkpoint import (
    COMMENT_BYTES,
    MARK,
    AtomicCheckpointIO,
    check_space,
    keep_previous,
    load,
    load_last,
    save,
)


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
    with pytest.raises(UserError, match="complete checkpoint"):
        load(path)


def test_a_full_disk_keeps_the_previous_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"w": torch.ones(1)}}, path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("groundwork.core.atomic.os.fsync", full)
    with pytest.raises(UserError, match=r"last\.ckpt must have [\d,]+ bytes, but [\d,]+ are free"):
        AtomicCheckpointIO().save_checkpoint({"state_dict": {"w": torch.zeros(1)}}, path)
    assert load(path)["state_dict"]["w"].item() == 1
    assert list(tmp_path.iterdir()) == [path]


def test_every_truncation_and_every_flipped_bit_is_noticed(tmp_path: Path):
    path = tmp_path / "last.ckpt"
    save({"state_dict": {"w": torch.arange(50.0)}, "phase": 1}, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in rng.integers(0, len(whole), 200):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="complete checkpoint"):
            load(path)
    for bit in rng.integers(0, 8 * len(whole), 200):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(broken)
        with pytest.raises(UserError, match="complete checkpoint"):
            load(path)


def test_a_checkpoint_is_a_file_that_torch_reads(tmp_path: Path):
    save({"state_dict": {"w": torch.ones(2)}}, tmp_path / "best.ckpt")
    assert torch.load(tmp_path / "best.ckpt", weights_only=True)["state_dict"]["w"].tolist() == [1, 1]


def test_a_compressed_checkpoint_is_refused_before_it_grows(tmp_path: Path):
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 10_000_000)
        archive.comment = b"?" * COMMENT_BYTES
    content = buffer.getvalue()[:-COMMENT_BYTES]
    digest = blake2b(content, digest_size=32).hexdigest()
    (tmp_path / "bomb.ckpt").write_bytes(content + MARK + digest.encode())
    with pytest.raises(UserError, match="compressed"):
        load(tmp_path / "bomb.ckpt")


class Failing(io.FileIO):
    """A file on a disk that fails after some bytes."""

    left, code = 0, 0

    def write(self, content: Any, /) -> int:
        size = memoryview(content).nbytes
        if size > Failing.left:
            super().write(memoryview(content).cast("B")[: Failing.left])
            raise OSError(Failing.code, os.strerror(Failing.code))
        Failing.left -= size
        return super().write(content)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_at_any_byte_leaves_the_previous_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
):
    path = tmp_path / "last.ckpt"
    save({"state_dict": {"w": torch.ones(1)}}, path)
    monkeypatch.setattr(Failing, "code", code)
    for offset in range(0, path.stat().st_size, path.stat().st_size // 20):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", lambda self, _: Failing(self, "xb"))
            patch.setattr(Failing, "left", offset)
            with pytest.raises(UserError, match=re.escape(str(path))):
                save({"state_dict": {"w": torch.zeros(1)}}, path)
        assert list(tmp_path.iterdir()) == [path]
    assert load(path)["state_dict"]["w"].item() == 1


def folder_with_two(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    folder.last.parent.mkdir()
    for number in (1, 2):
        keep_previous(folder)
        save({"state_dict": {}, "number": number}, folder.last)
    return folder


def test_a_damaged_last_checkpoint_gives_way_to_the_one_before_by_name(tmp_path: Path):
    folder = folder_with_two(tmp_path)
    folder.last.write_bytes(folder.last.read_bytes()[:-100])
    checkpoint, wrong = load_last(folder)
    assert checkpoint is not None
    assert checkpoint["number"] == 1
    assert "last.ckpt" in wrong
    assert "previous.ckpt" in wrong
    again, wrong = load_last(folder)
    assert (again, wrong) == (checkpoint, "")


def test_without_any_whole_checkpoint_training_starts_anew(tmp_path: Path):
    folder = folder_with_two(tmp_path)
    for path in (folder.last, folder.previous):
        path.write_bytes(b"")
    checkpoint, wrong = load_last(folder)
    assert checkpoint is None
    assert wrong.endswith("training from the start")


def test_where_files_take_no_second_name_the_last_checkpoint_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    checkpoint, wrong = load_last(folder_with_two(tmp_path))
    assert checkpoint is not None
    assert (checkpoint["number"], wrong) == (2, "")


def test_a_training_that_does_not_fit_on_the_disk_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    check_space(RunFolder(tmp_path), {"w": torch.zeros(10)})
    monkeypatch.setattr(
        "groundwork.train.checkpoint.checkpoint.shutil.disk_usage", lambda _: SimpleNamespace(free=600)
    )
    with pytest.raises(UserError, match=r"640 bytes free .* has 600"):
        check_space(RunFolder(tmp_path), {"w": torch.zeros(10)})
