"""A configuration -> the metrics of a run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.directions import bare_name
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.suited import check_loss_metric
from groundwork.metrics import ClassificationMetrics, MultilabelMetrics, RegressionMetrics

Metrics = ClassificationMetrics | MultilabelMetrics | RegressionMetrics
DECIDING = (ClassificationMetrics, MultilabelMetrics)  # those that may choose a threshold


def build_metrics(config: DictConfig, threshold: Any = None) -> Metrics:
    """Build the metrics of a run.

    Args:
        threshold: The one that was chosen on val, or those of several labels, for `metrics.threshold=auto`.
    """
    metrics: Metrics = instantiate(config.metrics, _convert_="all")
    metrics.direction(config.monitor)
    loss = config.get("loss") or {}
    check_loss_metric(loss.get("name"), config.monitor)
    metrics = metrics.for_loss(loss)
    if isinstance(metrics, DECIDING) and metrics.threshold == "auto" and threshold is not None:
        return replace(metrics, threshold=threshold)
    return metrics


def _is_undefined(monitor: str, target: NDArray[Any], names: Sequence[str]) -> bool:
    """Tell whether no label, or not the one that is named, has what a metric of labels needs."""
    name, label = bare_name(monitor).removesuffix("_micro"), monitor.removeprefix("val/").partition("/")[2]
    if label in names:
        target = target[:, [list(names).index(label)]]
    has, lacks = (target == 1).any(axis=0), (target == 0).any(axis=0)
    if name in ("auroc", "average_precision"):
        return not (has & lacks).any()
    return name in ("f1", "precision", "recall") and not has.any()


def check_defined(monitor: str, target: NDArray[Any], names: Sequence[str] = ()) -> None:
    """Refuse a monitor that no prediction can give a value on val.

    Args:
        target: (N,) class numbers or (N, T) values or labels, of val.
        names: Of the T labels, for a monitor of one of them.

    Raises:
        UserError: If it needs two classes, or a target that varies, and val has neither.
    """
    name, one_class = bare_name(monitor), target.ndim == 1 and len(np.unique(target)) < 2
    if name == "auroc" and one_class:
        raise UserError(
            f"monitor={name} must have two classes in val, but val holds one. Use monitor=accuracy."
        )
    if target.ndim == 2 and _is_undefined(monitor, target, names):
        raise UserError(
            f"monitor={monitor} must have a label in val that some samples have and others do not, but val has none. "
            "Use monitor=log_loss."
        )
    if name in ("r2", "pearson", "spearman") and target.ndim == 2:
        known = [column[~np.isnan(column)] for column in target.T.astype(float)]
        if all(len(np.unique(column)) < 2 for column in known):
            raise UserError(
                f"monitor={name} must have a target that varies in val, but it has one value there. Use monitor=rmse."
            )


def check_measured(monitor: str, metrics: Metrics, target: NDArray[Any], names: Sequence[str]) -> None:
    """Refuse a monitor that the metrics of this task do not give, before anything is trained.

    Args:
        target: (N,) class numbers or (N, T) values or labels, of val.
        names: K classes, or T targets or labels.

    Raises:
        UserError: With what can be monitored.
    """
    if monitor == "loss":  # the task's own
        return
    rows = target[:2]
    shape = (len(rows), len(names)) if rows.ndim == 1 else rows.shape
    shown = np.full(shape, 1 / len(names) if rows.ndim == 1 else 0.5)
    known = replace(metrics, extra={}).scores(shown, rows, names).at(np.ones((len(rows), 1)))
    name = bare_name(monitor)
    if monitor in known or name in metrics.extra:
        return
    listed = ", ".join(sorted({"loss", *metrics.extra, *(one for one in known if "/" not in one)}))
    one = f" {name}/NAME needs one of these names: {', '.join(names)}." if "/" in monitor else ""
    raise UserError(f"monitor={monitor} is not measured here.{one} Choose one of: {listed}.")
