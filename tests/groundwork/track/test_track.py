"""A tracker beside a run: what is refused, what is said, and that a broken one neither ends nor slows the run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.track import track
from groundwork.track.track import check_logger, tracked


def composed(*words: str) -> DictConfig:
    return compose_run(["data=digits", *words]).config


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "run")


def test_several_loggers_at_once():
    logger = composed("logger=[tensorboard,wandb]", "logger.wandb.project=mine").logger
    assert {"tensorboard", "wandb", "upload"} <= set(logger)
    assert logger.wandb.project == "mine"


def test_nothing_leaves_the_machine_unless_it_is_asked_for():
    for option in ("csv", "wandb", "tensorboard"):
        assert composed(f"logger={option}").logger.upload == ["metrics", "config", "curves"]


def test_an_unknown_kind_of_upload_is_refused():
    with pytest.raises(UserError, match="photos"):
        check_logger(composed("logger=wandb", "logger.upload=[metrics,photos]"))


def test_an_unknown_mode_is_refused():
    with pytest.raises(UserError, match="sometimes"):
        check_logger(composed("logger=wandb", "logger.wandb.mode=sometimes"))


def test_a_key_of_an_account_is_refused_and_not_repeated():
    with pytest.raises(UserError, match="WANDB_API_KEY") as error:
        check_logger(composed("logger=wandb", "+logger.wandb.api_key=abcdef"))
    assert "abcdef" not in str(error.value)


def test_an_absent_package_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(track.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="uv sync --extra tensorboard"):
        check_logger(composed("logger=tensorboard"))


def test_without_loggers_no_process_starts(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    with tracked(folder, composed(), Console(quiet=True)):
        pass


def test_only_the_first_process_of_several_is_followed(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with tracked(folder, composed("logger=wandb"), Console(quiet=True)):
        pass


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("import sys; print('hello'); sys.stdin.read()", "hello"),
        ("raise SystemExit(3)", "exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit status"),
        ("import time; time.sleep(60)", "goes on without the run"),
    ],
)
def test_a_tracker_that_talks_fails_dies_or_hangs(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, script: str, told: str
):
    started: list[subprocess.Popen[str]] = []

    def start(_: RunFolder) -> "subprocess.Popen[str]":
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        )
        return started[0]

    monkeypatch.setattr(track, "_start", start)
    console = Console(quiet=True)
    console.log_to(folder.log)
    began = time.perf_counter()
    with tracked(folder, composed("logger=wandb", "logger.wait=2"), console):
        time.sleep(0.1)
    assert time.perf_counter() - began < 10
    assert told in folder.log.read_text(encoding="utf-8")
    started[0].kill()
    started[0].wait()
    assert started[0].stdout is not None
    started[0].stdout.close()


def test_a_run_that_fails_still_ends_its_tracker(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    script = "import sys, pathlib; sys.stdin.read(); pathlib.Path(sys.argv[1]).touch()"
    mark = folder.path / "ended"
    monkeypatch.setattr(
        track,
        "_start",
        lambda _: subprocess.Popen(
            [sys.executable, "-c", script, str(mark)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ),
    )

    def fail() -> None:
        with tracked(folder, composed("logger=wandb"), Console(quiet=True)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert mark.exists()


def test_configurations_of_older_runs_know_no_logger(folder: RunFolder):
    with tracked(folder, OmegaConf.create({"seed": 0}), Console(quiet=True)):
        assert os.getpid()
