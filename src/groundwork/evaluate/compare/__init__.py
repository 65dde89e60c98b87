"""run folders -> groups of one configuration -> one table and one picture."""

from groundwork.evaluate.compare.best_of import correct_best
from groundwork.evaluate.compare.compare import compare_runs, measure_groups

__all__ = ["compare_runs", "correct_best", "measure_groups"]
