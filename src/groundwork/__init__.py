"""Supervised research from data to a sealed test: `fit(["data=digits"])` trains, `Run("latest")` reads the result."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundwork.batch import UserError
    from groundwork.run.run import Run, fit

# Imported when first used, so that no command waits for what it does not need.
_HOME = {"Run": "groundwork.run.run", "UserError": "groundwork.batch", "fit": "groundwork.run.run"}

__all__ = ["Run", "UserError", "fit"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
