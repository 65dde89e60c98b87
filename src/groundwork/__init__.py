"""Supervised research from data to a sealed test: `fit(["data=digits"])` trains, `Run("latest")` reads the result."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundwork.batch import UserError
    from groundwork.run.look import advise, audit, compare, read, split
    from groundwork.run.run import Run, fit

# Imported when first used, so that no command waits for what it does not need.
_HOME = {
    "Run": "run.run",
    "UserError": "batch",
    "advise": "run.look",
    "audit": "run.look",
    "compare": "run.look",
    "fit": "run.run",
    "read": "run.look",
    "split": "run.look",
}

__all__ = ["Run", "UserError", "advise", "audit", "compare", "fit", "read", "split"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
