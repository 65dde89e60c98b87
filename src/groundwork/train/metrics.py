"""A configuration -> the metrics of a run."""

from dataclasses import replace

from hydra.utils import instantiate
from omegaconf import DictConfig

from groundwork.metrics import ClassificationMetrics, RegressionMetrics

Metrics = ClassificationMetrics | RegressionMetrics


def build_metrics(config: DictConfig, threshold: float | None = None) -> Metrics:
    """Build the metrics of a run.

    Args:
        threshold: The one that was chosen on val, for `metrics.threshold=auto`.
    """
    metrics: Metrics = instantiate(config.metrics)
    metrics.direction(config.monitor)
    if isinstance(metrics, ClassificationMetrics) and metrics.threshold == "auto" and threshold is not None:
        return replace(metrics, threshold=threshold)
    return metrics
