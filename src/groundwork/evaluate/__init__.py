"""a finished run -> numbers: sealed tests, predictions, baselines, comparisons, exports."""
