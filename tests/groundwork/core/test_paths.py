"""conf/ is found, and the engine of another clone is refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.core import paths
from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT, check_clone, check_conf, find_root


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("clone/conf", "clone/src/groundwork", "clone/scripts/deep", "elsewhere/groundwork"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "clone" / "conf" / "train.yaml").touch()
    return tmp_path / "clone"


def test_conf_is_found_beside_the_engine_else_from_the_script_else_from_where_one_stands(clone: Path):
    away = clone.parent / "elsewhere"
    assert find_root(clone / "src" / "groundwork", None, away) == clone
    assert find_root(away / "groundwork", clone / "scripts" / "deep" / "x.py", away) == clone
    assert find_root(away / "groundwork", None, clone / "scripts") == clone
    assert find_root(away / "groundwork", away / "x.py", away) == away


def test_a_conf_that_is_nowhere_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paths, "CONF", tmp_path / "conf")
    with pytest.raises(UserError, match=r"conf/train\.yaml must be in the clone, .* Change to the folder"):
        check_conf()


def test_a_script_runs_with_the_engine_beside_it_alone(clone: Path):
    script = clone / "scripts" / "deep" / "x.py"
    check_clone(script, clone / "src" / "groundwork")
    check_clone(clone.parent / "x.py", clone.parent)  # a script of nobody's clone
    check_clone(None)
    with pytest.raises(
        UserError, match=r"groundwork must be that of .*clone.*, but .*elsewhere.* was imported"
    ):
        check_clone(script, clone.parent / "elsewhere" / "groundwork")


def test_a_command_started_with_the_engine_of_another_clone_says_so_in_one_line(clone: Path):
    shutil.copy(ROOT / "scripts" / "clear.py", clone / "scripts")
    command = [sys.executable, str(clone / "scripts" / "clear.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=clone, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: groundwork must be that of")
