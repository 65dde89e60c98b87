"""Exit statuses, and errors in exactly one line, as a user of the command line sees them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.core.errors import UserError, user_error
from groundwork.core.own import own_packages
from groundwork.core.paths import ROOT
from groundwork.launch import commands as launch
from groundwork.launch.cli import enter
from groundwork.launch.keys import key_values

KEYS = {
    "evaluate": ("run", "runs", "split", "paths.runs"),
    "predict": ("run", "input", "output", "trust_pickle"),
    "export": ("run", "format", "output"),
    "compare": ("runs", "split", "output"),
}
SCRIPTS = ROOT / "scripts"


def call(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / words[0]), *words[1:]]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train.py", "data=image_foldr"], "is not an option of data"),
        (["train.py", "--foo"], "--foo is not a flag of this command"),
        (["train.py", "data=image_folder", "data.root=nowhere"], "nowhere is not there"),
        (["train.py", "run=nowhere"], "must be a run folder"),
        (["evaluate.py", "run=latest", "split=val"], "split=val must be test"),
        (["evaluate.py", "run=latest"], "Type: uv run scripts/evaluate.py run=latest split=test"),
    ],
)
def test_wrong_words_get_one_line_and_status_two(tmp_path: Path, words: list[str], said: str):
    places = ["paths.runs=runs"] if words[0] == "train.py" and "run=nowhere" not in words else []
    done = call(*words, *places, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert said in done.stderr


LOGS = """
import logging, sys
from groundwork.launch.cli import enter

def command(_):
    for name in ("__main__", f"{OWN}.loss", "timm.models"):
        logging.getLogger(name).info("by %s", name)
    return 0

sys.argv[1:] = []
if SET_UP:
    logging.basicConfig(level="INFO", format="mine: %(message)s")
raise SystemExit(enter(command))
"""


@pytest.mark.parametrize("set_up", [False, True])
def test_what_the_user_logs_is_seen_once_and_what_libraries_log_is_not(set_up: bool):
    own = min(own_packages())
    code = LOGS.replace("{OWN}", own).replace("SET_UP", str(set_up))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    seen = [name for name in ("__main__", f"{own}.loss", "timm.models") if f"by {name}" in done.stderr]
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == len(seen)
    assert seen == ["__main__", f"{own}.loss", "timm.models"][: 3 if set_up else 2]
    assert ("[INFO] - by" in done.stderr) is not set_up


def test_help_imports_nothing_heavy(tmp_path: Path):
    code = (
        "import sys; sys.argv = ['train.py', '--help']\n"
        "from groundwork.launch.commands import train\n"
        "try:\n    train(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('HEAVY', sorted({'torch', 'pandas', 'lightning', 'timm'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert "HEAVY []" in done.stdout
    assert "Groups and their choices" in done.stdout


@pytest.mark.parametrize("command", ["evaluate", "predict", "export", "compare"])
def test_help_names_every_key_of_a_plain_command(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", [f"{command}.py", "--help"])
    with pytest.raises(SystemExit) as stopped:
        enter(getattr(launch, command))
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert all(f"{key}=" in said for key in KEYS[command])


def test_the_users_error_is_found_behind_others():
    inner, outer = UserError("inner"), RuntimeError("outer")
    outer.__cause__ = inner
    assert user_error(outer) is inner
    assert user_error(ValueError("own")) is None


def test_an_error_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["x"])

    def broken(_: list[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        enter(broken)


def test_a_stop_by_the_user_exits_with_75(monkeypatch: pytest.MonkeyPatch):
    def stop(_: list[str]) -> int:
        raise KeyboardInterrupt

    assert enter(stop) == 75


@pytest.mark.parametrize("words", [["a"], ["b=1"], ["a=1", "a=2"]])
def test_plain_keys_are_checked(words: list[str]):
    with pytest.raises(UserError):
        key_values(words, {"a": "a thing"})
    assert key_values(["a=x=y"], {"a": "a thing"}) == {"a": "x=y"}


@pytest.mark.parametrize("asked", [None, "0", "1"])
def test_a_door_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch, asked: str | None):
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    if asked is not None:
        monkeypatch.setenv("HYDRA_FULL_ERROR", asked)
    seen: list[str | None] = []

    def command(_: list[str]) -> int:
        seen.append(os.environ.get("HYDRA_FULL_ERROR"))
        raise UserError("a must be b, but got c. Change it.")

    assert enter(command) == 2
    assert seen == ["1"]
    assert os.environ.get("HYDRA_FULL_ERROR") == asked


@pytest.mark.parametrize("asked", [None, "1"])
def test_a_process_that_a_door_starts_tells_wrong_input_in_as_many_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], asked: str | None
):
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    if asked is not None:
        monkeypatch.setenv("HYDRA_FULL_ERROR", asked)

    def wrong(_: list[str]) -> int:
        raise UserError("a must be b, but got c. Change it.")

    def command(_: list[str]) -> int:
        return enter(wrong)  # with the environment that a child inherits

    assert enter(command) == 2
    said = capfd.readouterr().err
    assert ("Traceback" in said) == (asked == "1")
    assert said.splitlines()[-1] == "error: a must be b, but got c. Change it."
