"""What the README says is true: its commands work and its paths exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from groundwork.run.compose import complete, compose_run

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, flags=re.S | re.M)
LINES = [line.split("   #")[0].strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = list(
    dict.fromkeys(line.removeprefix("uv run ") for line in LINES if line.startswith("uv run scripts/"))
)
COMPOSED = [command for command in COMMANDS if command.split()[0] in ("scripts/train.py", "scripts/audit.py")
            and " run=" not in command]  # fmt: skip
# Everything but what differs: small pictures, a small network, one epoch.
SMALL = ["data.image_size=32", "model=timm", "model.name=test_resnet", "model.pretrained=false"]


def test_every_path_of_the_readme_exists():
    named = set(re.findall(r"[`(]((?:conf|src|scripts|tests|notebooks|\.github|\.ci)/[\w./]*)", README))
    assert len(named) > 8
    missing = [path for path in named if not (ROOT / path).exists() and path != "conf/local.yaml"]
    assert missing == []


@pytest.mark.parametrize("command", COMPOSED)
def test_every_training_command_composes(command: str):
    words = [word for word in shlex.split(command)[1:] if word != "-m"]
    words = [word.split(",")[0] if word.startswith("seed=") else word for word in words]
    assert compose_run(complete(words)).config


def test_every_script_is_there():
    assert {command.split()[0] for command in COMMANDS} >= {"scripts/train.py", "scripts/evaluate.py"}
    assert all((ROOT / command.split()[0]).is_file() for command in COMMANDS)


def test_every_python_name_is_shown():
    import groundwork

    for name in groundwork.__all__:
        assert f"groundwork.{name}" in README, name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands name: birds/, new_birds/, houses.csv, houses.xlsx."""
    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(0)
    for name, level in (("birds/owl", 60), ("birds/wren", 180), ("new_birds", 120)):
        (folder / name).mkdir(parents=True)
        for number in range(30):
            pixels = np.clip(rng.normal(level, 40, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    size = rng.normal(50, 10, 60)
    photo = [f"birds/owl/{number}.png" for number in range(30)] + [f"birds/wren/{n}.png" for n in range(30)]
    houses = pd.DataFrame({"size": size, "photo": photo, "price": 3 * size + rng.normal(0, 1, 60)})
    houses.to_csv(folder / "houses.csv", index=False)
    houses.to_excel(folder / "houses.xlsx", index=False)
    return folder


def quick(command: str, place: Path) -> list[str]:
    words = shlex.split(command)
    script = words[0].removeprefix("scripts/")
    if script in ("train.py", "audit.py", "advise.py") and not any(word.startswith("run=") for word in words):
        small = SMALL if "experiment=" not in command and "data=table" not in command else []
        own = ["trainer.max_epochs=1", "metrics.resamples=20", f"paths.cache={place / 'cache'}"]
        words += [word for word in (*small, *own) if word.partition("=")[0] not in command]
        if ("experiment=" not in command and "data=" not in command) or "solar" in command:
            words += (
                [] if "subset" in command or "debug" in command else ["subset=stratified", "subset.size=100"]
            )
    if script == "clear.py":
        words.append(f"paths.cache={place / 'cache'}")
    elif script != "convert.py":
        words.append(f"paths.runs={place / 'runs'}")
    return words


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in COMMANDS if not one.startswith("scripts/benchmarks")])
def test_every_command_works(command: str, place: Path):
    if "groceries" in command:  # its data are a repository of their own
        assert compose_run(shlex.split(command)[1:]).config
        return
    here = f"{place.as_posix()}/runs/solar_cells/*"
    words = [word.replace("runs/solar_cells/*", here) for word in quick(command, place)]
    done = subprocess.run(
        [sys.executable, str(ROOT / words[0]), *words[1:]],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
