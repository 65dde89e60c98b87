"""Predictions of a whole split -> its table, its metrics with intervals, and the decision threshold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame

from groundwork.core.batch import Split
from groundwork.core.predictions import prediction_table, write_table
from groundwork.core.run_folder import RunFolder
from groundwork.core.text import shortlist
from groundwork.data.prepared import Prepared
from groundwork.metrics import ClassificationMetrics, MultilabelMetrics, RegressionMetrics
from groundwork.train.metrics import DECIDING, Metrics

NAMED = 8  # labels in one line
BOOTSTRAP_SEED = 0  # intervals depend on the predictions alone, not on the seed of a run


def decide(
    prediction: NDArray[np.floating], metrics: Metrics, classes: Sequence[str], targets: Sequence[str]
) -> NDArray[Any]:
    """Turn predictions into decisions: class names, labels of 0 and 1, or the values as they are.

    Args:
        prediction: (N, K) or (N, T) probabilities or (N, T) values.
        metrics: Of the run, with the threshold that decides between two classes, or on each label.
        classes: K names; none for labels and values.
        targets: T names of labels or values.
    """
    if isinstance(metrics, MultilabelMetrics):
        return metrics.decide(prediction, targets)
    if not classes:
        return metrics.points(prediction, targets)
    # Metrics of torchmetrics alone know no threshold.
    numbers = (
        metrics.decide(prediction, classes)
        if isinstance(metrics, ClassificationMetrics)
        else prediction.argmax(axis=1)
    )
    return np.array(classes, dtype=object)[numbers]


def decided_table(
    sample_id: ArrayLike,
    prediction: NDArray[np.floating],
    metrics: Metrics,
    classes: Sequence[str],
    targets: Sequence[str],
    *,
    truth: NDArray[Any] | None = None,
    group: ArrayLike | None = None,
) -> DataFrame:
    """Decide by the metrics of a run, and name every number.

    Args:
        sample_id: (N,)
        prediction: (N, K) probabilities or (N, T) values in original units.
        metrics: Of the run, which decide.
        classes: K names; none for regression.
        targets: T names.
        truth: (N,) class names or (N, T) values; None for new samples.
        group: (N,) what ties samples together.
    """
    table = prediction_table(
        sample_id,
        decide(prediction, metrics, classes, targets),
        classes=classes,
        targets=targets,
        prob=prediction if classes or isinstance(metrics, MultilabelMetrics) else None,
        truth=truth,
        group=group,
    )
    return (
        table.assign(**metrics.beside(prediction, targets))
        if isinstance(metrics, RegressionMetrics)
        else table
    )


def write_predictions(
    folder: RunFolder,
    split: Split,
    prediction: NDArray[np.floating],
    metrics: Metrics,
    prepared: Prepared,
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Write one row per sample of a split.

    Args:
        columns: That are written beside it, (N,) each.
    """
    rows, samples, target = prepared.rows[split], prepared.samples, prepared.target
    truth = prepared.targets(split)
    if target.classes:
        truth = np.array(target.classes, dtype=object)[truth]
    group = None if samples.group is None else samples.group.iloc[rows]
    sample_id = samples.sample_id.iloc[rows]
    table = decided_table(
        sample_id, prediction, metrics, target.classes, target.names, truth=truth, group=group
    )
    write_table(folder.predictions(split), table.assign(**(columns or {})))


def measure(
    prediction: NDArray[np.floating], split: Split, metrics: Metrics, prepared: Prepared
) -> dict[str, dict[str, float]]:
    """Compute every metric of a split with its 95 % interval: name -> value, low, high."""
    return metrics.intervals(
        prediction, prepared.targets(split), prepared.names, group=prepared.group(split), seed=BOOTSTRAP_SEED
    )


def values(measured: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Keep the value of every metric."""
    return {name: interval["value"] for name, interval in measured.items()}


def with_threshold(
    metrics: Metrics,
    monitor: str,
    prediction: NDArray[np.floating],
    target: NDArray[Any],
    names: Sequence[str],
) -> tuple[Metrics, str]:
    """Choose the decision threshold on val where it is "auto"; the line tells it, and is empty elsewhere."""
    if not isinstance(metrics, DECIDING) or metrics.threshold != "auto":
        return metrics, ""
    chosen, criterion = metrics.choose(prediction, target, names, monitor)
    if isinstance(chosen, MultilabelMetrics):
        each = zip(names, chosen.thresholds(names), strict=True)
        what = f"labels are decided from these probabilities on: {shortlist((f'{n} {t:.3g}' for n, t in each), NAMED)}"
    else:
        positive = getattr(metrics, "positive", None) or names[-1]
        what = f"{positive} is decided from probability {chosen.threshold:.4g} on"
    return chosen, (
        f"{what}, which makes {criterion} on val largest: what follows from decisions is optimistic on val, not on a "
        f"sealed test"
    )
