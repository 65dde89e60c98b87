"""run folders -> groups of one configuration -> one table and one picture."""

from groundwork.evaluate.compare.compare import compare_runs, measure_groups

__all__ = ["compare_runs", "measure_groups"]
