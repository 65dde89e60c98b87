"""The house keeps its arrows: who may import whom (the table of the design, read from every import)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "groundwork"
ROOMS = ("data", "model", "transfer", "loss", "metrics", "optim", "task", "run", "report")
MAY_IMPORT = {room: {room, "batch"} for room in ROOMS} | {
    "batch": set(),
    "transfer": {"transfer", "batch", "model"},
    "run": {"batch", *ROOMS},
    "": {"run", "report", "data", "batch"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    first = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported_names(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def wrong_arrows(room: str, source: str) -> list[str]:
    allowed = MAY_IMPORT[room]
    names = [name.split(".") for name in imported_names(source)]
    rooms = [parts[1] if len(parts) > 1 else "" for parts in names if parts[0] == "groundwork"]
    return [other for other in rooms if other not in allowed]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_what_the_design_allows(module: Path):
    assert wrong_arrows(room_of(module), module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("data", "from groundwork.model import Network"),
        ("report", "from groundwork.run.folder import RunFolder"),
        ("model", "import groundwork.data.split"),
        ("batch", "from groundwork.data import Samples"),
    ],
)
def test_a_sideways_import_is_noticed(room: str, line: str):
    assert wrong_arrows(room, line)


def test_the_report_never_imports_torch():
    for module in (PACKAGE / "report").rglob("*.py"):
        for name in imported_names(module.read_text(encoding="utf-8")):
            assert name.split(".")[0] not in ("torch", "torchvision", "lightning", "timm"), module


def test_nobody_imports_the_scripts():
    for module in MODULES:
        assert not any(name.split(".")[0] == "scripts" for name in imported_names(module.read_text("utf-8")))


def test_the_doors_only_parse_call_and_exit():
    for script in (ROOT / "scripts").glob("*.py"):
        if script.name not in ("rename.py", "new.py"):
            assert len(script.read_text(encoding="utf-8").splitlines()) <= 30, script
