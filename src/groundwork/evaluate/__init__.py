"""a finished run -> numbers: sealed tests, predictions, baselines, comparisons, exports."""

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.evaluate.concluding import conclude

__all__ = ["conclude"]

__getattr__, __dir__ = lazy_names(__name__, __file__)
