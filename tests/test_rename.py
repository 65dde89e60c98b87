"""A clone becomes a project of another name, wholly or not at all, and takes what the template learns later."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rename", ROOT / "scripts" / "rename.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rename = load()


def git(folder: Path, *words: str) -> str:
    me = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "core.autocrlf=false",
    ]
    return subprocess.run(["git", *me, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def files_of(folder: Path) -> dict[str, str]:
    inside = (
        path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts
    )
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in inside}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template in small, with one commit."""
    content = {
        "src/groundwork/__init__.py": "import numpy\nfrom groundwork.core.batch import Batch\n",
        "src/groundwork/data/draw.py": 'secret = f"groundwork split {seed}"\n',
        "src/groundwork/data/readers/solar_cells.py": "cells = 1\n",
        "conf/train.yaml": "defaults:\n  - data: solar_cells\n_target_: groundwork.data.GroundworkDataModule\n",
        "conf/data/solar_cells.yaml": "a: 1\n",
        "pyproject.toml": (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        ".gitignore": (ROOT / ".gitignore").read_text(encoding="utf-8"),
        "LICENSE": "Copyright (c) 2026 the groundwork authors\n",
        "README.md": "# groundwork\n",
        "tests/test_rename.py": "",
        "notebooks/1.ipynb": "{}\n",
        "scripts/rename.py": (ROOT / "scripts" / "rename.py").read_text(encoding="utf-8"),
    }  # fmt: skip
    for name, text in content.items():
        (tmp_path / "template" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "template" / name).write_bytes(text.encode("utf-8"))
    git(tmp_path / "template", "init", "-q", "-b", "main")
    git(tmp_path / "template", "add", "-A")
    git(tmp_path / "template", "commit", "-qm", "template")
    return tmp_path / "template"


def clone(template: Path) -> Path:
    project = template.parent / "project"
    git(template.parent, "clone", "-q", str(template), str(project))
    git(project, "config", "user.name", "a")
    git(project, "config", "user.email", "a@b")
    return project


def call(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/rename.py", *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, encoding="utf-8", check=False)


def test_every_mention_is_renamed_but_what_must_stay(template: Path):
    project = clone(template)
    assert call(project, "my_birds").returncode == 0
    files = files_of(project)
    assert files["src/my_birds/__init__.py"] == "import numpy\nfrom my_birds.core.batch import Batch\n"
    assert "my_birds.data.MyBirdsDataModule" in files["conf/train.yaml"]
    assert files["src/my_birds/data/draw.py"] == 'secret = f"groundwork split {seed}"\n'  # the splits stay
    assert files["LICENSE"] == "Copyright (c) 2026 the groundwork authors\n"
    assert 'name = "my_birds"' in files["pyproject.toml"]
    assert 'description = "Made from the template groundwork"' in files["pyproject.toml"]
    assert "uv.lock" not in files[".gitignore"].splitlines()
    assert files["README.md"].startswith("# my_birds")
    assert not any(name.startswith("src/groundwork") for name in files)
    assert "tests/test_rename.py" not in files
    record = json.loads(files[".template.json"])
    assert record["commit"] == git(template, "rev-parse", "HEAD").strip()
    assert Path(record["source"]) == template
    assert not (project / ".rename").exists()


@pytest.mark.parametrize(("name", "left_out"), [("birds", False), ("songs_of_rare_birds", True)])
def test_lines_that_a_longer_name_makes_too_long_are_left_alone(template: Path, name: str, left_out: bool):
    project = clone(template)
    assert call(project, name).returncode == 0
    assert ('ignore = ["E501", ' in files_of(project)["pyproject.toml"]) is left_out


def test_examples_are_dropped_on_request(template: Path):
    project = clone(template)
    assert call(project, "birds", "--drop-examples").returncode == 0
    files = files_of(project)
    assert "data: digits" in files["conf/train.yaml"]
    assert not any("solar" in name or name.startswith("notebooks") for name in files)
    assert "elpv" not in files["pyproject.toml"]
    assert "examples" not in files["pyproject.toml"].replace("example experiments", "")
    assert 'default-groups = ["dev"]' in files["pyproject.toml"]


REFUSED = (
    "",
    "Birds",
    "2birds",
    "my-birds",
    "class",
    "json",
    "numpy",
    "torch",
    "tests",
    "groundwork",
    "b_",
    "vögel",
)


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_cannot_be_a_package_is_refused(template: Path, name: str):
    before = files_of(template)
    done = call(template, name)
    assert done.returncode == 2
    assert done.stderr.startswith("error: NEW_NAME must")
    assert files_of(template) == before


def test_uncommitted_work_is_never_touched(template: Path):
    (template / "README.md").write_text("mine", encoding="utf-8")
    done = call(template, "birds")
    assert done.returncode == 2
    assert "uncommitted" in done.stderr


def test_a_second_renaming_is_refused(template: Path):
    assert call(template, "birds").returncode == 0
    git(template, "add", "-A")
    git(template, "commit", "-qm", "birds")
    assert "renamed already" in call(template, "cats").stderr


class Killed(BaseException):
    """What a kill is to the code: no handler runs."""


@pytest.mark.parametrize("after", range(0, 26, 3))
def test_a_kill_at_any_write_leaves_the_old_tree_or_one_that_the_next_call_completes(
    template: Path, monkeypatch: pytest.MonkeyPatch, after: int
):
    record = {
        "template": "groundwork",
        "source": "",
        "commit": "abc",
        "name": "birds",
        "drop_examples": False,
    }
    whole = template.parent / "whole"
    shutil.copytree(template, whole)
    rename.stage(whole, record)
    rename.finish(whole)
    before, expected = files_of(template), files_of(whole)

    moves = 0
    for owner, name in ((Path, "replace"), (Path, "write_bytes"), (Path, "unlink")):
        real = getattr(owner, name)

        def dies(self: Path, *words: object, real: object = real, **keys: object) -> object:
            nonlocal moves
            moves += 1
            if moves > after:
                raise Killed
            return real(self, *words, **keys)  # type: ignore[operator]

        monkeypatch.setattr(owner, name, dies)

    def work() -> None:
        rename.stage(template, record)
        rename.finish(template)

    with pytest.raises(Killed):
        work()
    monkeypatch.undo()
    decided = (template / ".rename" / "journal.json").exists()
    rename.finish(template)
    assert files_of(template) == (expected if decided else before)


def test_a_fresh_history_has_one_commit(template: Path):
    project = clone(template)
    assert call(project, "birds", "--fresh-history").returncode == 0
    assert git(project, "log", "--format=%s").splitlines()[0].startswith("Start birds from groundwork")
    assert len(git(project, "log", "--format=%h").splitlines()) == 1
    assert git(project, "remote").split() == ["template"]
    assert git(project, "status", "--porcelain") == ""


def change(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode("utf-8"))
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", f"change {name}")


@pytest.mark.parametrize("fresh", [False, True])
def test_what_the_template_learns_later_arrives_renamed(template: Path, fresh: bool):
    project = clone(template)
    assert call(project, "birds", *(["--fresh-history"] if fresh else [])).returncode == 0
    change(project, "src/birds/own.py", "mine = 1\n")
    change(project, "README.md", "# Birds of mine\n")
    change(template, "src/groundwork/new.py", "from groundwork.core.batch import Batch\n")
    change(template, "conf/data/new.yaml", "_target_: groundwork.data.new\n")
    done = call(project, "--update")
    assert done.returncode == 0, done.stderr
    files = files_of(project)
    assert files["src/birds/new.py"] == "from birds.core.batch import Batch\n"
    assert files["conf/data/new.yaml"] == "_target_: birds.data.new\n"
    assert files["src/birds/own.py"] == "mine = 1\n"
    assert files["README.md"] == "# Birds of mine\n"
    assert git(project, "status", "--porcelain") == ""
    assert "up to date" in call(project, "--update").stdout


def test_a_change_on_both_sides_is_left_to_the_user(template: Path):
    project = clone(template)
    call(project, "birds")
    change(project, "conf/train.yaml", "mine: 1\n")
    change(template, "conf/train.yaml", "theirs: 1\n")
    done = call(project, "--update")
    assert done.returncode == 1
    assert "resolve" in done.stderr
    assert "UU conf/train.yaml" in git(project, "status", "--porcelain")


def test_the_words_that_draw_a_split_are_those_that_renaming_spares():
    source = (ROOT / "src").rglob("*.py")
    drawing = [
        line for path in source for line in path.read_text("utf-8").splitlines() if 'f"groundwork ' in line
    ]
    assert drawing
    assert all(rename.KEPT_WORDS.search(line) for line in drawing), drawing


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--drop-examples"]])
def test_a_renamed_clone_passes_the_tests_that_its_name_touches(tmp_path: Path, words: list[str]):
    project = tmp_path / "birds"
    git(tmp_path, "clone", "-q", str(ROOT), str(project))
    assert call(project, "birds", *words).returncode == 0
    places = {**os.environ, "PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    # What a name can break: an import (all are collected), a target, a path, a split. The rest of the tests computes
    # the same with other letters.
    collected = ["--collect-only", "tests"]
    named = ["tests/test_conf.py", "tests/test_rooms.py", "tests/test_new.py",
             "tests/groundwork/data/split/test_split.py",
             "tests/groundwork/launch/config/test_compose.py",
             "tests/groundwork/launch/config/test_check.py",
             "tests/groundwork/core/test_trust.py"]  # fmt: skip
    for tests in (collected, named):
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", *tests]
        done = subprocess.run(command, cwd=project, env=places, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]
    said = subprocess.run(
        [sys.executable, "scripts/train.py", "experiment=digits", "trainer.max_epochs=1", "metrics.resamples=20",
         f"paths.runs={tmp_path / 'runs'}"], cwd=project, env=places, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr[-3000:]
