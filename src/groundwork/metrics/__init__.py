"""predictions + targets -> numbers, with their intervals."""

from groundwork.metrics.bootstrap import Scores, bootstrap
from groundwork.metrics.classification import (
    ClassificationScores,
    classification_metrics,
    confusion_matrix,
    decide,
    true_class_rank,
)
from groundwork.metrics.collection import ClassificationMetrics, RegressionMetrics
from groundwork.metrics.regression import RegressionScores, regression_metrics

__all__ = [
    "ClassificationMetrics",
    "ClassificationScores",
    "RegressionMetrics",
    "RegressionScores",
    "Scores",
    "bootstrap",
    "classification_metrics",
    "confusion_matrix",
    "decide",
    "regression_metrics",
    "true_class_rank",
]
