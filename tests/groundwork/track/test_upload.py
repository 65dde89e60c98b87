"""The process that uploads a W&B run: whatever becomes of it, the run goes on."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from socket import socket
from time import monotonic

import pytest

from groundwork.track import upload
from groundwork.track.upload import ENDED, Upload, main


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("import sys; print('hello', sys.stdin.read())", f"hello {ENDED}"),
        ("raise SystemExit(3)", "exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit status"),
        ("import time; time.sleep(60)", "goes on without the run"),
    ],
)
def test_an_upload_that_talks_fails_dies_or_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
):
    monkeypatch.setattr(upload, "command", lambda *_: [sys.executable, "-c", script])
    said: list[str] = []
    began = monotonic()
    process = Upload(tmp_path, "auto", "http://127.0.0.1:9", said.append)
    process.end(True, 1 if "sleep" in script else 20)
    assert monotonic() - began < 20
    assert told in "\n".join(said)
    process.process.kill()
    process.process.wait()
    process._listener.join()
    assert process.process.stdout is not None
    process.process.stdout.close()


def test_without_a_server_the_run_is_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setattr(sys, "stdin", io.StringIO(ENDED))
    assert main(str(tmp_path / "wandb" / "offline-run-1"), "auto", "http://127.0.0.1:9") == 0
    said = capsys.readouterr().out
    assert (
        said
        == f"W&B: offline, because 127.0.0.1 cannot be reached; upload it later: wandb sync {tmp_path / 'wandb'}\n"
    )


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Take connections, and answer none."""
    with socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.slow
def test_a_server_that_hangs_is_given_up(
    tmp_path: Path, silent_server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", silent_server)
    monkeypatch.setattr(upload, "GRACE", 1.0)
    monkeypatch.setattr(upload, "LAST_UPLOAD", 1.0)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))  # the run was killed
    place = tmp_path / "wandb" / "offline-run-1"
    place.mkdir(parents=True)
    (place / "run-1.wandb").write_bytes(b":W&B\x8b\xfe\x00")
    assert main(str(place), "online", silent_server) == 1
    assert "not complete; upload it later" in capsys.readouterr().out
