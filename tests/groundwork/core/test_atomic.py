"""Files are written whole or not at all, and what the machine is short of is told in one line."""

import errno
import os
import sys
from pathlib import Path

import pytest

from groundwork.core.atomic import write_bytes
from groundwork.core.errors import WRONG_INPUT, UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.cli import enter

CODES = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EXDEV, errno.EACCES]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("at", ["open", "replace", "fsync"])
def test_whatever_fails_the_file_stays_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, at: str
):
    path = tmp_path / "result.json"
    write_bytes(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        if at == "fsync":
            patch.setattr("groundwork.core.atomic.os.fsync", fail)
        else:
            patch.setattr(Path, at, fail)
        with pytest.raises(UserError, match=r"result\.json must .*but.*\.$") as raised:
            write_bytes(path, b"new")
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_written_by_way_of_another_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    write_bytes(tmp_path / "result.json", b"new")
    assert (tmp_path / "result.json").read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_too_few_file_handles_are_told_with_what_to_raise(tmp_path: Path):
    from resource import RLIMIT_NOFILE, getrlimit, setrlimit

    soft, hard = getrlimit(RLIMIT_NOFILE)
    held = [os.open(os.devnull, os.O_RDONLY)]
    try:
        setrlimit(RLIMIT_NOFILE, (max(held) + 1, hard))
        with pytest.raises(UserError, match=r"must be opened, but Too many open files\. Raise the limit"):
            write_bytes(tmp_path / "result.json", b"new")
    finally:
        setrlimit(RLIMIT_NOFILE, (soft, hard))
        os.close(held[0])


def test_a_place_for_runs_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"paths\.runs=.* must be a folder one can write to"):
        RunFolder.create(tmp_path / "file", "digits")


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOSPC, errno.EROFS])
def test_a_command_that_the_machine_fails_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, code: int
):
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")  # set, so that what a door does to it ends with the test

    def command(_: list[str]) -> int:
        raise OSError(code, os.strerror(code), "/runs/x/train.log")

    assert enter(command) == WRONG_INPUT
    said = capsys.readouterr().err
    assert said.startswith("error: /runs/x/train.log must be ")
    assert len(said.splitlines()) == 1
