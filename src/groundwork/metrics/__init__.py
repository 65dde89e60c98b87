"""predictions + targets -> numbers, with their intervals."""

from groundwork.metrics.bootstrap import Scores, bootstrap
from groundwork.metrics.classification import ClassificationScores, classification_metrics
from groundwork.metrics.collection import ClassificationMetrics
from groundwork.metrics.conformal import Promise, Spread, class_scores, conformal_rank, fit_spread
from groundwork.metrics.decision import confusion_matrix, decide, true_class_rank
from groundwork.metrics.difference import holm, mcnemar, paired_difference, repeated_interval
from groundwork.metrics.draws import Draws
from groundwork.metrics.equal import AREAS, against_best, any_ranges, area_ranges, sum_ranges
from groundwork.metrics.labels import LabelScores
from groundwork.metrics.multilabel import MultilabelMetrics
from groundwork.metrics.own import OwnMetrics
from groundwork.metrics.regression import RegressionScores, regression_metrics
from groundwork.metrics.selection import (
    beyond_chance,
    bias_corrected,
    lowest_loss_until_moved,
    lowest_loss_within_one_error,
)
from groundwork.metrics.share import share_ends
from groundwork.metrics.temperature import fit_temperature
from groundwork.metrics.threshold import choose_threshold
from groundwork.metrics.values import RegressionMetrics

__all__ = [
    "AREAS",
    "ClassificationMetrics",
    "ClassificationScores",
    "Draws",
    "LabelScores",
    "MultilabelMetrics",
    "OwnMetrics",
    "Promise",
    "RegressionMetrics",
    "RegressionScores",
    "Scores",
    "Spread",
    "against_best",
    "any_ranges",
    "area_ranges",
    "beyond_chance",
    "bias_corrected",
    "bootstrap",
    "choose_threshold",
    "class_scores",
    "classification_metrics",
    "conformal_rank",
    "confusion_matrix",
    "decide",
    "fit_spread",
    "fit_temperature",
    "holm",
    "lowest_loss_until_moved",
    "lowest_loss_within_one_error",
    "mcnemar",
    "paired_difference",
    "regression_metrics",
    "repeated_interval",
    "share_ends",
    "sum_ranges",
    "true_class_rank",
]
