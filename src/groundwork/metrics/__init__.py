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
from groundwork.metrics.difference import holm, mcnemar, paired_difference, repeated_interval
from groundwork.metrics.draws import Draws
from groundwork.metrics.own import OwnMetrics
from groundwork.metrics.regression import RegressionScores, regression_metrics
from groundwork.metrics.threshold import choose_threshold

__all__ = [
    "ClassificationMetrics",
    "ClassificationScores",
    "Draws",
    "OwnMetrics",
    "RegressionMetrics",
    "RegressionScores",
    "Scores",
    "bootstrap",
    "choose_threshold",
    "classification_metrics",
    "confusion_matrix",
    "decide",
    "holm",
    "mcnemar",
    "paired_difference",
    "regression_metrics",
    "repeated_interval",
    "true_class_rank",
]
