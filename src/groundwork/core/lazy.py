"""Public names -> imported when first asked for, so that no command waits for others: of a package, or any by path."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give `__getattr__` and `__dir__` of a package.

    Args:
        package: Its `__name__`.
        homes: Public name -> module below the package that defines it.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

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
