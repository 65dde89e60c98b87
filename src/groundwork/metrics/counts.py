"""Hits and totals per class -> every metric that needs no probability."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NOTHING = (float("nan"), float("nan"))  # ends of no interval


def ratio(numerator: NDArray[np.floating], denominator: NDArray[np.floating]) -> Floats:
    """Divide, with NaN for "undefined" wherever the denominator is not positive."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0))


def count_metrics(
    hit: NDArray[np.floating],
    truth: NDArray[np.floating],
    predicted: NDArray[np.floating],
    classes: Sequence[str],
    positive: int | None,
) -> dict[str, Floats]:
    """Derive every metric of counts, each class against the rest.

    recall = hit / truth, precision = hit / predicted, f1 = 2 hit / (truth + predicted),
    fpr = (predicted - hit) / (N - truth), specificity = 1 - fpr.

    The averages without a suffix are macro: the mean over the classes that are present (truth > 0), in
    which the precision of a class that is never predicted counts as 0; its own stays undefined. With
    `positive` they are those of that class instead, and the macro averages are named `<metric>_macro`.
    Balanced accuracy is macro recall in both cases.

    Args:
        hit: (..., K) samples of class k that were predicted as k.
        truth: (..., K) samples of class k.
        predicted: (..., K) samples predicted as k.
        classes: K names.
        positive: Number of the positive class; None averages over classes.

    Returns:
        One array (...) per metric, NaN where it is undefined.
    """
    total = truth.sum(axis=-1, keepdims=True)
    present = truth > 0
    false_positive = predicted - hit
    per_class = {
        "precision": ratio(hit, predicted),
        "recall": ratio(hit, truth),
        "f1": ratio(2 * hit, truth + predicted),
        "specificity": ratio(total - truth - false_positive, total - truth),
        "fpr": ratio(false_positive, total - truth),
    }
    # A class that is there and never called has precision 0 in every mean: to miss it wholly must not pay.
    in_means = per_class | {"precision": np.where(present & (predicted == 0), 0.0, per_class["precision"])}
    macro = {name: average(value, present.astype(float)) for name, value in in_means.items()}
    accuracy = ratio(hit.sum(axis=-1), total[..., 0])
    metrics = {"accuracy": accuracy, "balanced_accuracy": macro["recall"]}
    if positive is None:
        metrics |= macro
    else:
        metrics |= {name: value[..., positive] for name, value in per_class.items()}
        metrics |= {f"{name}_macro": value for name, value in macro.items()}
    for name in ("precision", "recall", "f1"):
        # Each sample has one label and one decision, so all three micro averages are the accuracy.
        metrics[f"{name}_micro"] = accuracy
        metrics[f"{name}_weighted"] = average(in_means[name], truth)
    for name, value in per_class.items():
        metrics |= {f"{name}/{label}": value[..., k] for k, label in enumerate(classes)}
    return metrics


def average(value: Floats, weight: NDArray[np.floating]) -> Floats:
    """Average values (..., K) with weights (..., K) over those that are defined."""
    weight = np.where(np.isnan(value), 0.0, weight)
    return ratio((np.nan_to_num(value) * weight).sum(axis=-1), weight.sum(axis=-1))


def defined_mean(values: Floats) -> Floats:
    """Average values (M, ...) over the first axis, those that are defined."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0))


def undefined(metrics: Mapping[str, Floats]) -> dict[str, Floats]:
    """Give the same metrics, all NaN, as where a prediction is not finite."""
    return {name: np.full_like(value, np.nan) for name, value in metrics.items()}
