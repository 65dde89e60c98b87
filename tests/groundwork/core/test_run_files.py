"""The files of a run folder are named in one place, and knowing them costs no heavy import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from groundwork.core.run_files import FOLDERS, File, JsonName, RunFiles

PACKAGE = Path(__file__).resolve().parents[3] / "src" / "groundwork"
FILES = RunFiles(Path("/runs"))


def names() -> set[str]:
    """Name every file that the class names."""
    given = [name for name, kind in vars(RunFiles).items() if isinstance(kind, File)]
    paths = [getattr(FILES, name) for name in given]
    paths += [FILES.json_file(name) for name in get_args(JsonName)]
    return {path.name for path in paths} - {*FOLDERS, ".lock"}


def spelled(source: str) -> Iterator[str]:
    """Give the file name at the end of every text that may be a path; docstrings and sentences are for people."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            yield node.value.split("/")[-1]


def test_no_file_of_a_run_folder_is_spelled_twice():
    assert {"config.yaml", "result.json", "history.csv", "report.html", "thumbs.npz"} <= names()
    for path in PACKAGE.rglob("*.py"):
        if path != PACKAGE / "core" / "run_files.py":
            assert not names() & {*spelled(path.read_text(encoding="utf-8"))}, path


def test_a_second_spelling_is_noticed():
    assert {*spelled('read(folder / "splits.csv")')} & names()
    assert {*spelled('f"{folder}/report.html"')} & names()


def test_notebooks_of_the_first_edition_find_what_they_name():
    assert FILES.json_file("data.json") == FILES.json_file("data")  # type: ignore[arg-type]


def test_a_run_folder_is_known_without_torch_and_pandas():
    code = "import sys, groundwork.core.run_folder; print(*({'torch', 'pandas', 'numpy'} & {*sys.modules}))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


def test_a_report_is_drawn_without_torch():
    code = "import sys, groundwork.report, groundwork.report.search; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
