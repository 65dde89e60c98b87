"""The function of scripts/train.py is the way of every run, and little stands between the command and `Trainer.fit`."""

import os
import runpy
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from lightning.pytorch import Trainer

from groundwork.core.errors import UserError
from groundwork.launch import face
from groundwork.launch.api import fit
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.train.settling import settle

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "train.py"


@pytest.fixture
def words(tmp_path: Path, table: Path) -> list[str]:
    return [
        "data=table", f"data.table={table}", "data.target=price", "task=regression", "model=mlp", "transfer=none",
        "trainer=cpu", "trainer.max_epochs=1", "metrics.resamples=20", "report.write=false",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the script with one more line, which notes that it was passed."""
    script, notes = tmp_path / "mine.py", tmp_path / "notes"
    notes.mkdir()
    line = f"    (__import__('pathlib').Path({str(notes)!r}) / __import__('secrets').token_hex(8)).touch()\n"
    first = "    run = train.settle(cfg)"
    text = SCRIPT.read_text(encoding="utf-8")
    assert text.count(first) == 1
    script.write_text(text.replace(first, line + first), encoding="utf-8")
    monkeypatch.setenv(face.SCRIPT, str(script))
    return notes


def test_at_most_eight_functions_of_ours_stand_before_fit(words: list[str], monkeypatch: pytest.MonkeyPatch):
    frames: list[str] = []

    def look(*_: object, **__: object) -> None:
        frames.extend(
            f"{Path(frame.filename).name}:{frame.name}"
            for frame in traceback.extract_stack()
            if Path(frame.filename).is_relative_to(ROOT) and ".venv" not in frame.filename
            and "tests" not in Path(frame.filename).parts
        )  # fmt: skip
        raise UserError("enough")

    monkeypatch.setattr(Trainer, "fit", look)
    monkeypatch.setattr(sys, "argv", ["train.py", *words])
    monkeypatch.setenv(face.SCRIPT, "")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert ended.value.code == 2
    assert frames[0] == "train.py:<module>"
    assert frames[-1] == "train.py:train_model"
    assert len(frames) <= 8, frames


def test_a_line_of_ones_own_shows_in_runs_of_this_process(
    words: list[str], noted: Path, monkeypatch: pytest.MonkeyPatch
):
    assert start(compose_run(words)) == 0
    run = fit(words, quiet=True)
    assert len(list(noted.iterdir())) == 2
    stopping = compose_run([*words, "name=stopped"])
    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "fit", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            start(stopping)
    (stopped,) = (Path(run.path).parents[1] / "stopped").iterdir()
    assert resume(str(stopped), []) == 0
    assert len(list(noted.iterdir())) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "more", "passes"),
    [
        ("train.py", ["-m", "seed=0,1"], 2),
        ("train.py", ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"], 2),
        ("search.py", ["search=mlp", "search.trials=2", "search.workers=1", "name=found"], 2),
    ],
)
def test_a_line_of_ones_own_shows_in_sweeps_ranks_and_searches(
    words: list[str], noted: Path, script: str, more: list[str], passes: int
):
    if script == "search.py":
        words.remove("model=mlp")  # which it searches over
    command = [sys.executable, str(ROOT / "scripts" / script), *words, *more]
    if script == "train.py":  # the command itself is the changed script
        command[1] = os.environ[face.SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert len(list(noted.iterdir())) == passes


def test_the_function_alone_starts_no_run(words: list[str]):
    with pytest.raises(UserError, match=r"must be started by its command or by groundwork\.fit"):
        settle(compose_run(words).config)


def test_a_script_without_such_a_function_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, said in (("none.py", "is no such file"), ("empty.py", "must have a function with @main")):
        (tmp_path / "empty.py").write_text("", encoding="utf-8")
        monkeypatch.setenv(face.SCRIPT, str(tmp_path / name))
        with pytest.raises(UserError, match=said):
            face.load_face()
