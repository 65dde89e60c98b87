"""The house keeps its arrows: who may import whom (the table of the design, read from every import, late ones too)."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "groundwork"
FOUNDATIONS = {"core", "data", "model", "transfer", "loss", "metrics", "optim", "task"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    **{room: {"core"} for room in ("data", "model", "loss", "metrics", "optim", "report", "track")},
    "transfer": {"core", "model"},
    "task": {"core", "model", "optim"},
    "train": FOUNDATIONS | {"track"},
    "evaluate": FOUNDATIONS | {"train", "report", "track"},
    "launch": FOUNDATIONS | {"train", "evaluate", "report", "track"},
    "": {"core", "evaluate", "launch"},  # the package itself, which hands out what Python users need
}
FILES = {
    ".".join(("groundwork", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def room_of(module: str) -> str:
    return (*module.split("."), "")[1]


def imported(source: str) -> Iterator[str]:
    """Give every module or name of one that a source imports, at its top or inside of a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def own_modules(source: str, files: object = FILES) -> set[str]:
    """Name the files of this package that a source imports from."""
    found = set()
    for name in imported(source):
        if name.split(".")[0] == "groundwork":
            found.add(name if name in files else name.rpartition(".")[0])  # type: ignore[operator]
    return found


def wrong_arrows(module: str, source: str) -> list[str]:
    room = room_of(module)
    others = {room_of(name) for name in own_modules(source)} - {room}
    return sorted(others - MAY_IMPORT[room])


def circle(arrows: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("module", FILES)
def test_a_room_imports_only_what_the_design_allows(module: str):
    assert wrong_arrows(module, FILES[module].read_text(encoding="utf-8")) == []


def test_no_circle_leads_from_a_file_back_to_itself():
    arrows = {
        module: own_modules(path.read_text(encoding="utf-8")) - {module} for module, path in FILES.items()
    }
    assert circle(arrows) == []


def test_no_circle_leads_from_a_room_back_to_itself():
    assert circle({room: others - {room} for room, others in MAY_IMPORT.items()}) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("groundwork.data.samples", "from groundwork.model import Network"),
        ("groundwork.report.page", "from groundwork.train.fit import fit"),
        ("groundwork.train.fit", "from groundwork import report"),
        ("groundwork.evaluate.seal", "def seal():\n    from groundwork.launch.start import begin"),
        ("groundwork.model.head", "import groundwork.data.split.split"),
        ("groundwork.core.batch", "from groundwork.data import Samples"),
    ],
)
def test_a_sideways_import_is_noticed(module: str, line: str):
    assert wrong_arrows(module, line)


def test_a_circle_through_a_late_import_is_noticed():
    sources = {
        "groundwork.launch.a": "from groundwork.launch.b import work",
        "groundwork.launch.b": "def work():\n    from groundwork.launch import a",
    }
    arrows = {module: own_modules(source, sources) for module, source in sources.items()}
    assert set(circle(arrows)) == set(sources)


def test_the_report_never_imports_torch():
    for module, path in FILES.items():
        if room_of(module) == "report":
            for name in imported(path.read_text(encoding="utf-8")):
                assert name.split(".")[0] not in ("torch", "torchvision", "lightning", "timm"), module


def test_nobody_imports_the_scripts():
    for path in FILES.values():
        assert not any(name.split(".")[0] == "scripts" for name in imported(path.read_text("utf-8"))), path


def test_the_doors_only_parse_call_and_exit():
    for script in (ROOT / "scripts").glob("*.py"):
        if script.name not in ("rename.py", "new.py"):
            assert len(script.read_text(encoding="utf-8").splitlines()) <= 30, script
