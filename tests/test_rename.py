"""A clone becomes a project of its own name, wholly or not at all, and takes what the template learns later."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

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
    """A template in small, with two commits; its script knows its address."""
    place = tmp_path / "template"
    script = (ROOT / "scripts" / "rename.py").read_text(encoding="utf-8")
    content = {
        "src/groundwork/core/batch.py": "import numpy\n",
        "src/groundwork/data/draw.py": 'secret = f"groundwork split {seed}"  # of the project.data there\n',
        "src/groundwork/data/readers/solar_cells.py": "cells = 1\n",
        "src/project/__init__.py": "",
        "src/project/loss.py": "from project.metric import score\nfrom groundwork.core.batch import numpy\n",
        "tests/project/test_loss.py": "import project\nfrom project import loss\n",
        "conf/train.yaml": "defaults:\n  - data: solar_cells\n",
        "conf/experiment/mine.yaml": "loss: {_target_: project.loss.Mine}  # see src/project/loss.py\n",
        "conf/data/solar_cells.yaml": "a: 1\n",
        "conf/logger/wandb.yaml": "project: null\n",
        "pyproject.toml": (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        ".gitignore": (ROOT / ".gitignore").read_text(encoding="utf-8"),
        "LICENSE": "Copyright (c) 2026 the groundwork authors\n",
        "README.md": "# groundwork\n",
        "CITATION.cff": "title: groundwork\n",
        "CHANGELOG.md": "# Changelog of groundwork\n",
        "tests/test_rename.py": "",
        "notebooks/1.ipynb": "{}\n",
        "scripts/rename.py": script.replace('ADDRESS = ""', f"ADDRESS = {place.as_posix()!r}"),
    }  # fmt: skip
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    git(place, "commit", "-qm", "begin", "--allow-empty")
    for name, text in content.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(text.encode("utf-8"))
    git(place, "add", "-A")
    git(place, "commit", "-qm", "template")
    return place


def clone(template: Path) -> Path:
    project = template.parent / "project"
    git(template.parent, "clone", "-q", str(template), str(project))
    git(project, "config", "user.name", "a")
    git(project, "config", "user.email", "a@b")
    return project


def call(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/rename.py", *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, encoding="utf-8", check=False)


def test_what_is_yours_gets_the_name_and_the_engine_keeps_its_own(template: Path):
    project = clone(template)
    before = files_of(project)
    assert call(project, "my_birds").returncode == 0
    files = files_of(project)
    own = "from my_birds.metric import score\nfrom groundwork.core.batch import numpy\n"
    assert files["src/my_birds/loss.py"] == own
    assert files["tests/my_birds/test_loss.py"] == "import my_birds\nfrom my_birds import loss\n"
    mine = "loss: {_target_: my_birds.loss.Mine}  # see src/my_birds/loss.py\n"
    assert files["conf/experiment/mine.yaml"] == mine
    engine = [name for name in before if name.startswith(("src/groundwork/", "conf/logger"))]
    assert {name: files[name] for name in engine} == {
        name: before[name].replace("project.data", "my_birds.data") for name in engine
    }
    assert files["LICENSE"] == before["LICENSE"]
    assert not any(name.startswith(("src/project", "tests/project", "tests/test_rename")) for name in files)
    assert files["README.md"].startswith("# my_birds")
    assert "title: my_birds\n" in files["CITATION.cff"]
    assert "Started from the template" in files["CHANGELOG.md"]
    assert "uv.lock" not in files[".gitignore"].splitlines()
    assert not (project / ".rename").exists()


def test_the_distribution_gets_the_name_and_ships_the_three_packages(template: Path):
    project = clone(template)
    assert call(project, "birds").returncode == 0
    told = tomllib.loads(files_of(project)["pyproject.toml"])
    assert told["project"]["name"] == "birds"
    assert told["project"]["description"] == "Made from the template groundwork"
    assert "Private :: Do Not Upload" in told["project"]["classifiers"]
    assert told["dependency-groups"]["dev"][0].startswith("birds[")
    packages = told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {"src/groundwork", "src/birds"} <= {*packages}
    assert told["tool"]["ruff"]["lint"]["isort"]["sections"] == {"yours": ["birds"]}


def test_the_wheel_ships_every_package():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {f"src/{path.name}" for path in (ROOT / "src").iterdir() if any(path.rglob("*.py"))}
    assert {*told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]} == packages


def test_every_command_of_the_new_readme_names_a_script_that_is_there():
    readme = rename.README.format(name="birds", engine="groundwork")
    scripts = set(re.findall(r"scripts/\w+\.py", readme))
    assert len(scripts) >= 8
    assert all((ROOT / script).is_file() for script in scripts)


def test_the_citation_files_are_read_by_the_format():
    ours = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for text in (ours, rename.CITATION.format(name="birds")):
        told = yaml.safe_load(text)
        assert {"cff-version", "message", "title", "authors"} <= told.keys()
        assert told["cff-version"] == "1.2.0"
        assert all("name" in author or "family-names" in author for author in told["authors"])


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
    "project",
    "groundwork",
    "b_",
    "vögel",
)


def test_a_name_that_cannot_be_a_package_is_refused(template: Path):
    before = files_of(template)
    for name in REFUSED:
        with pytest.raises(ValueError, match="NEW_NAME must"):
            rename.check(template, name)
    done = call(template, "Birds")
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


@pytest.mark.parametrize("after", range(0, 22, 3))
def test_a_kill_at_any_write_leaves_the_old_tree_or_one_that_the_next_call_completes(
    template: Path, monkeypatch: pytest.MonkeyPatch, after: int
):
    record = {
        "template": "groundwork",
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
    assert (
        git(project, "log", "--format=%s")
        .splitlines()[0]
        .startswith("Start birds from the template groundwork")
    )
    assert len(git(project, "log", "--format=%h").splitlines()) == 1
    assert git(project, "remote").split() == ["template"]
    assert git(project, "status", "--porcelain") == ""


def change(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode("utf-8"))
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", f"change {name}")


def plain(template: Path) -> Path:
    return clone(template)


def fork(template: Path) -> Path:
    git(template.parent, "clone", "-q", "--bare", str(template), str(template.parent / "fork"))
    return clone(template.parent / "fork")


def squashed(template: Path) -> Path:
    """As "Use this template" makes it: one commit of one's own, and nothing that leads to the template."""
    project = clone(template)
    shutil.rmtree(project / ".git")
    git(project, "init", "-q", "-b", "main")
    git(project, "config", "user.name", "a")
    git(project, "config", "user.email", "a@b")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Initial commit")
    return project


SITUATIONS = {
    "plain, not renamed": (plain, None),
    "plain": (plain, ["birds"]),
    "fork": (fork, ["birds"]),
    "squashed": (squashed, ["birds", "--drop-examples"]),
    "squashed, not renamed": (squashed, None),
    "fresh history": (plain, ["birds", "--fresh-history"]),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_update_finds_its_base_by_itself_and_merges_what_is_new(template: Path, situation: str):
    make, words = SITUATIONS[situation]
    change(
        template, "conf/data/old.yaml", "old: 1\n"
    )  # so that the base is neither the first commit nor the last
    change(template, "pyproject.toml", (template / "pyproject.toml").read_text("utf-8") + "# before\n")
    project = make(template)
    name = words[0] if words else "project"
    if "--fresh-history" not in (words or []):
        change(project, "src/groundwork/own.py", "mine = 1\n")  # commits of one's own before renaming
    if words:
        assert call(project, *words).returncode == 0
        git(project, "add", "-A")
        git(project, "commit", "-q", "--allow-empty", "-m", "rename")
    change(project, f"src/{name}/loss.py", "mine = 2\n")
    change(project, "conf/data/old.yaml", "old: mine\n")
    change(template, "pyproject.toml", (template / "pyproject.toml").read_text("utf-8") + "# after\n")
    for file in (
        "src/project/loss.py",
        "tests/project/test_more.py",
        "README.md",
        "CITATION.cff",
        "CHANGELOG.md",
        "conf/experiment/mine.yaml",
    ):
        change(template, file, "theirs = 1\n")
    change(template, "src/groundwork/core/batch.py", "import numpy as np\n")
    change(template, "conf/data/new.yaml", "new: 1\n")
    before = files_of(project)
    done = call(project, "--update")
    assert done.returncode == 0, done.stderr
    files = files_of(project)
    assert {file for file in files if files[file] != before.get(file)} == {
        ".template.json", "conf/data/new.yaml", "pyproject.toml", "src/groundwork/core/batch.py",
    }  # fmt: skip
    assert files["pyproject.toml"] == before["pyproject.toml"] + "# after\n"
    assert before.keys() <= files.keys()
    assert git(project, "status", "--porcelain") == ""
    change(template, "conf/data/newer.yaml", "newer: 1\n")
    assert call(project, "--update").returncode == 0
    assert "conf/data/newer.yaml" in files_of(project)


def test_without_an_address_updates_come_from_the_remote_unless_that_is_ones_own(template: Path):
    script = (template / "scripts" / "rename.py").read_text("utf-8")
    change(template, "scripts/rename.py", re.sub(r"(?m)^ADDRESS = .*", 'ADDRESS = ""', script))
    project = clone(template)
    assert "up to date" in call(project, "--update").stdout
    assert call(project, "birds").returncode == 0
    git(project, "add", "-A")
    git(project, "commit", "-qm", "rename")
    git(project, "remote", "set-url", "origin", str(project))
    done = call(project, "--update")
    assert done.returncode == 2
    assert "is a project made from it. Add its address." in done.stderr
    assert "up to date" in call(project, "--update", str(template)).stdout


def test_a_project_of_the_first_edition_is_told_in_one_line(template: Path):
    git(template, "mv", "src/groundwork", "src/birds")
    git(template, "commit", "-qm", "birds")
    done = call(template, "--update")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "first edition" in done.stderr


def test_a_change_on_both_sides_is_left_to_the_user(template: Path):
    project = clone(template)
    call(project, "birds")
    change(project, "conf/train.yaml", "mine: 1\n")
    change(template, "conf/train.yaml", "theirs: 1\n")
    done = call(project, "--update")
    assert done.returncode == 1
    assert "resolve" in done.stderr
    assert "UU conf/train.yaml" in git(project, "status", "--porcelain")


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--drop-examples"]])
def test_a_renamed_clone_passes_the_tests_that_its_name_touches(tmp_path: Path, words: list[str]):
    project = tmp_path / "birds"
    git(tmp_path, "clone", "-q", str(ROOT), str(project))
    assert call(project, "birds", *words).returncode == 0
    places = {**os.environ, "PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    # What a name can break: an import, a target, a path, the order of imports. The engine computes what it did.
    run = [f"paths.{name}={tmp_path / name}" for name in ("runs", "cache")]
    small = ["trainer.max_epochs=1", "subset=stratified", "subset.size=100", "metrics.resamples=20"]
    whole = [
        ["-m", "pytest", "-q", "-n", "0", "--collect-only", "tests"],
        ["scripts/train.py", *small, *run],  # the default is one of the examples, or what is left of them
    ]
    checks = [
        ["-m", "pytest", "-q", "-n", "0", "tests/birds", "tests/groundwork/core/test_trust.py"],
        ["-m", "ruff", "check", "."], ["-m", "ruff", "format", "--check", "."],
        *(whole if words else []),
    ]  # fmt: skip
    for check in checks:
        command = [sys.executable, *check]
        done = subprocess.run(command, cwd=project, env=places, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (check, done.stdout[-3000:], done.stderr[-3000:])
