"""Supervised research from data to a sealed test: `fit(["data=digits"])` trains, `Run("latest")` reads the result."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.core.errors import UserError
    from groundwork.evaluate.run import Run
    from groundwork.launch.api import advise, audit, compare, fit, out_of_fold, read, split

__all__ = ["Run", "UserError", "advise", "audit", "compare", "fit", "out_of_fold", "read", "split"]

__getattr__, __dir__ = lazy_names(__name__, __file__)
