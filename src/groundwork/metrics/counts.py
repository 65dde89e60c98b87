"""Hits and totals per class -> every metric that needs no probability."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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

    The averages without a suffix are macro: the mean over the classes that are present (truth > 0) and
    for which the value is defined. With `positive` they are those of that class instead, and the
    macro averages are named `<metric>_macro`. Balanced accuracy is macro recall in both cases.

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
    macro = {name: _average(value, present.astype(float)) for name, value in per_class.items()}
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
        metrics[f"{name}_weighted"] = _average(per_class[name], truth)
    for name, value in per_class.items():
        metrics |= {f"{name}/{label}": value[..., k] for k, label in enumerate(classes)}
    return metrics


def count_trials(
    truth: Floats, predicted: Floats, classes: Sequence[str], positive: int | None, top_k: Sequence[int]
) -> dict[str, tuple[float, float]]:
    """Say how many samples each share rests on, and how much of the metric that share is.

    A macro average rests on the smallest class present, which is one part in as many as are present;
    AUROC on as many independent pairs as the smaller side has samples.

    Args:
        truth: (K,) samples per class.
        predicted: (K,) decisions per class.
        classes: K names.
        positive: Number of the positive class.
        top_k: Each k that has a `top_<k>_accuracy`.
    """
    total = float(truth.sum())
    rest = total - truth
    per_class = {
        "precision": predicted,
        "recall": truth,
        "f1": truth,
        "specificity": rest,
        "fpr": rest,
        "auroc": np.minimum(truth, rest),
        "average_precision": truth,
    }
    present = truth[truth > 0]
    smallest = (float(present.min()), 1 / len(present)) if len(present) else (0.0, 1.0)
    whole = ["accuracy", *(f"top_{k}_accuracy" for k in top_k)]
    whole += [f"{name}_{kind}" for name in ("precision", "recall", "f1") for kind in ("micro", "weighted")]
    trials = dict.fromkeys(whole, (total, 1.0)) | {"balanced_accuracy": smallest}
    for name, number in per_class.items():
        trials[name] = smallest if positive is None else (float(number[positive]), 1.0)
        trials[f"{name}_macro"] = smallest
        trials |= {f"{name}/{label}": (float(number[k]), 1.0) for k, label in enumerate(classes)}
    return trials


def _average(value: Floats, weight: NDArray[np.floating]) -> Floats:
    weight = np.where(np.isnan(value), 0.0, weight)
    return ratio((np.nan_to_num(value) * weight).sum(axis=-1), weight.sum(axis=-1))
