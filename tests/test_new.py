"""What new.py begins works as it is, and the tests over conf/ pick it up."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("new", ROOT / "scripts" / "new.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


new = load()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the code, since new.py writes into its own tree, with what Python and mypy know of it already."""
    half_written = shutil.ignore_patterns("*.pyc.*")  # by another process of the tests
    for name in ("conf", "src", "scripts", "tests", ".vscode", ".mypy_cache"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / "clone" / name, ignore=half_written)
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "clone")
    return tmp_path / "clone"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone that holds no more than its own package."""
    (tmp_path / "src" / "birds").mkdir(parents=True)
    (tmp_path / "src" / "birds" / "__init__.py").touch()
    monkeypatch.setattr(new, "ROOT", tmp_path)
    return tmp_path


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
def test_wrong_words_are_told_in_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    assert new.main(words) == 2
    stderr = capsys.readouterr().err
    assert said in stderr.replace("\\", "/")
    assert stderr.count("\n") == 1


def test_help_names_every_kind_and_is_no_error(capsys: pytest.CaptureFixture[str]):
    assert new.main(["--help"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert [kind for kind in new.KINDS if kind not in said.out] == []


@pytest.mark.parametrize("kind", new.KINDS)
def test_a_kind_is_written_into_the_own_package_with_a_test_that_passes(small: Path, kind: str):
    assert new.main([kind, "my_part"]) == 0
    files = {path.relative_to(small).as_posix() for path in small.rglob("*my_part*")}
    module, test = "src/birds/my_part.py", "tests/birds/test_my_part.py"
    assert (module in files) == (test in files) == (kind not in ("data", "experiment", "sweep"))
    assert files - {module, test} == {f"conf/{new.KINDS[kind][0]}/my_part.yaml"}
    for file in files:
        text = (small / file).read_text(encoding="utf-8")
        assert not {"NAME", "PACKAGE", "Name"} & set(text.replace(".", " ").split()), file
        assert "my_part" in text
    for path in small.glob("conf/*/*.yaml"):
        OmegaConf.load(path)


@pytest.mark.slow
def test_everything_that_is_begun_passes_the_contracts_and_trains(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(new, "ROOT", clone)
        patch.setattr(new, "write_schemas", lambda: None)
        assert [new.main([kind, f"my_{kind}"]) for kind in new.KINDS] == [0] * len(new.KINDS)
    assert call(clone, "scripts/new.py", "callback", "last").returncode == 0  # this one writes the schemas
    checks = [
        ["-m", "ruff", "check", "."], ["-m", "ruff", "format", "--check", "."], ["-m", "mypy"],
        ["-m", "pytest", "-q", "-n", "0", "tests/project", "--ignore=tests/project/test_mine.py"],
        ["-m", "pytest", "-q", "-n", "0", "tests/test_conf.py", "tests/groundwork/loss/test_conf.py",
         "tests/groundwork/model/test_conf.py", "tests/groundwork/optim/test_conf.py",
         "tests/groundwork/data/test_conf_data.py", "tests/groundwork/launch/config/test_schema.py",
         "tests/groundwork/launch/config/test_check_keys.py", "tests/groundwork/launch/config/test_hints.py",
         "-k", "my_ or today or every or shipped"],
    ]  # fmt: skip
    for check in checks:
        done = call(clone, *check)
        assert done.returncode == 0, (check, done.stdout[-3000:])
    (tmp_path / "birds").mkdir()
    for number in range(40):
        level = 60 + 120 * (number % 2)
        pixels = np.random.default_rng(number).normal(level, 30, (16, 16, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "birds" / f"{('owl', 'wren')[number % 2]}_{number}.png")
    done = call(
        clone, "scripts/train.py", "data=my_reader", f"data.root={tmp_path / 'birds'}", "data.image_size=16",
        "model=my_model", "transfer=scratch", "loss=my_loss", "metrics=my_metric", "monitor=my_metric",
        "callbacks=my_callback", "task=my_task", "optim=my_optimizer", "augment=my_augmentation",
        "logger=my_logger", "task.head._target_=project.my_head.MyHead", "+task.head.width=8",
        "trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=20",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "my_callback: epoch 1" in done.stdout
    assert (tmp_path / "runs" / "my_logger.jsonl").stat().st_size > 0
    for words in (
        [
            "data=digits",
            "data.image_size=8",
            "task=my_module",
            "monitor=val_acc",
            "subset=stratified",
            "subset.size=200",
        ],
        ["data=my_datamodule", "task=classification", "model=mlp", "transfer=none"],
        [
            "data=my_datamodule",
            "task=my_module",
            "task.num_features=3",
            "task.num_classes=2",
            "monitor=val_acc",
        ],
    ):
        done = call(
            clone, "scripts/train.py", *words, "trainer=cpu", "trainer.max_epochs=2",
            f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
