"""Public names -> imported when first asked for, so that no command waits for others: of a package, or any by path."""

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def lazy_names(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give `__getattr__` and `__dir__` of a package whose names are imported under `if TYPE_CHECKING:` alone.

    Args:
        package: Its `__name__`.
        file: Its `__file__`, which says where each name is defined.
    """
    blocks = [node for node in ast.parse(Path(file).read_text("utf-8")).body if isinstance(node, ast.If)]
    imports = [line for block in blocks for line in block.body if isinstance(line, ast.ImportFrom)]
    homes = {each.name: str(line.module) for line in imports for each in line.names}

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return find, lambda: sorted(homes)


def find_object(path: str) -> Any:
    """Import what a dotted path names, such as `torch.nn.Linear`, or `datasets.Reader.from_file`.

    Raises:
        ImportError: If a module on the way is not there or does not import.
        AttributeError: If the module has no such name.
    """
    first, *names = path.split(".")
    found, module = import_module(first), first
    for name in names:
        module = f"{module}.{name}"
        if not hasattr(found, name) and hasattr(found, "__path__"):
            try:
                found = import_module(module)
                continue
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
        found = getattr(found, name)
    return found
