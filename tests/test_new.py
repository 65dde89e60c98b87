"""What new.py begins works as it is, and the tests over conf/ pick it up."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the code, since new.py writes into its own tree."""
    for name in ("conf", "src", "scripts", "tests"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "clone")
    return tmp_path / "clone"


def call(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    places = {**os.environ, "PYTHONPATH": str(clone / "src")}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=clone, env=places, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "a kind and a name"),
        (["thing", "birds"], "a kind and a name"),
        (["model", "Birds"], "NAME must be small letters"),
        (["model", "class"], "NAME must be small letters"),
        (["model", "mlp"], "conf/model/mlp.yaml is there already"),
    ],
)
def test_wrong_words_are_told_in_one_line(words: list[str], said: str):
    done = call(ROOT, "scripts/new.py", *words)
    assert done.returncode == 2
    assert said in done.stderr.replace("\\", "/")
    assert done.stderr.count("\n") == 1


def test_help_says_how_to_call_it_and_no_error():
    done = call(ROOT, "scripts/new.py", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "new.py data|reader|model" in done.stdout


@pytest.mark.slow
def test_everything_that_is_begun_passes_the_contracts_and_trains(clone: Path, tmp_path: Path):
    for kind in ("data", "reader", "model", "head", "task", "loss", "metric", "callback"):
        done = call(clone, "scripts/new.py", kind, f"my_{kind}")
        assert done.returncode == 0, done.stderr
    for path in clone.rglob("*my_*"):
        assert "NAME" not in path.read_text(encoding="utf-8"), path
    checked = call(
        clone,
        "-m",
        "pytest",
        "-q",
        "tests/test_conf.py",
        "tests/test_rooms.py",
        "-k",
        "my_ or extra or metric",
    )
    assert checked.returncode == 0, checked.stdout[-3000:]
    assert call(clone, "-m", "ruff", "check", ".").returncode == 0
    (tmp_path / "birds").mkdir()
    for number in range(40):
        level = 60 + 120 * (number % 2)
        pixels = np.random.default_rng(number).normal(level, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "birds" / f"{('owl', 'wren')[number % 2]}_{number}.png")
    done = call(
        clone, "scripts/train.py", "data=my_reader", f"data.root={tmp_path / 'birds'}", "data.image_size=16",
        "model=my_model", "transfer=none", "loss=my_loss", "metrics=my_metric", "monitor=my_metric",
        "callbacks=my_callback", "task=my_task",
        "task.head._target_=groundwork.model.my_head.MyHead", "+task.head.width=8",
        "trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=20",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "my_callback: epoch 1" in done.stdout
