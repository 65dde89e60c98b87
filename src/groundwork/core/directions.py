"""Name of a metric -> which way it is better. A run says it of its own metrics; without that, their names do."""

import re
from collections.abc import Mapping
from math import inf
from typing import Any, Literal

from groundwork.core.errors import UserError

Direction = Literal["max", "min"]

LESS_IS_BETTER = frozenset({
    "loss", "log_loss", "ece", "ece_debiased", "fpr", "mse", "rmse", "mae", "rank_mae",
    "hamming_loss", "pinball_loss",
})  # fmt: skip
MORE_IS_BETTER = frozenset({
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "specificity", "auroc",
    "average_precision", "exact_match", "r2", "pearson", "spearman", "quadratic_kappa",
})  # fmt: skip
# Task -> what is measured of it, without what is joined by `_micro` or `_weighted`, or belongs to one class or target.
MEASURED: Mapping[str, frozenset[str]] = {
    "classification": frozenset({
        "accuracy", "balanced_accuracy", "precision", "recall", "f1", "specificity", "fpr", "auroc",
        "average_precision", "log_loss", "ece", "ece_debiased", "top_k_accuracy", "rank_mae", "quadratic_kappa",
    }),
    "regression": frozenset({
        "rmse", "mse", "mae", "r2", "pearson", "spearman", "pinball_loss", "interval_coverage", "interval_width",
    }),
    "multilabel": frozenset({
        "average_precision", "auroc", "f1", "precision", "recall", "hamming_loss", "exact_match", "log_loss",
    }),
}  # fmt: skip
# Where the values of a metric lie; any other may be anything.
SHARES = frozenset({
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "specificity", "fpr", "auroc",
    "average_precision", "exact_match", "ece", "hamming_loss", "interval_coverage",
})  # fmt: skip
LIMITS = {
    **dict.fromkeys(SHARES, (0.0, 1.0)),
    **dict.fromkeys(
        ("log_loss", "mse", "rmse", "mae", "rank_mae", "pinball_loss", "interval_width"), (0.0, inf)
    ),
    **dict.fromkeys(("pearson", "spearman", "quadratic_kappa"), (-1.0, 1.0)),
    "r2": (-inf, 1.0),
}
# What users call metrics of their own, in run folders that do not say which way these are better.
OFTEN_LESS = frozenset({"interval_width", "brier", "max_error", "mape"})
OFTEN_MORE = frozenset({"acc", "auc", "f1_score", "iou", "miou", "dice", "map", "psnr", "ssim", "bleu"})


def bare_name(metric: str) -> str:
    """Leave out the split before the name of a metric and the class or target after it."""
    return metric.removeprefix("train/").removeprefix("val/").removeprefix("test/").split("/")[0]


def _stem(metric: str) -> str:
    return bare_name(metric).removesuffix("_macro").removesuffix("_micro").removesuffix("_weighted")


def _is_top_k(metric: str) -> bool:
    name = bare_name(metric)
    return name.startswith("top_") and name.endswith("_accuracy")


def measured_as(metric: str) -> str:
    """Give the name by which `MEASURED` knows a metric."""
    return "top_k_accuracy" if _is_top_k(metric) else _stem(metric)


def named_direction(metric: str) -> Direction | None:
    """Tell from its name whether "max" or "min" of a metric of this project is best; None for any other.

    Args:
        metric: Its name, such as `val/loss`, `fpr_macro`, `recall/owl` or `top_5_accuracy`.
    """
    stem = _stem(metric)
    if stem in LESS_IS_BETTER:
        return "min"
    if stem in MORE_IS_BETTER or _is_top_k(metric):
        return "max"
    return None


def limits(metric: str) -> tuple[float, float]:
    """Give the least and the largest value that a metric of this project can take."""
    return LIMITS.get("accuracy" if _is_top_k(metric) else _stem(metric), (-inf, inf))


def direction_of_own(monitor: str, mode: str | None) -> Direction:
    """Tell which way a metric that a module of the user's logs is better.

    Args:
        monitor: Its name, such as `val_acc`; auto is the loss.
        mode: "max" or "min" where the user says so.

    Raises:
        UserError: If neither the user nor the name says it.
    """
    if mode in ("max", "min"):
        return "max" if mode == "max" else "min"
    bare = re.sub(r"^val(id|idation)?[_/]", "", monitor.lower())
    known = named_direction(bare)
    if known is None and bare in OFTEN_MORE:
        known = "max"
    if known is None and (bare == "auto" or bare.endswith(("loss", "error")) or bare in OFTEN_LESS):
        known = "min"
    if known is None:
        raise UserError(
            f"monitor={monitor} must say whether more or less of it is better. "
            f"Add +callbacks.checkpoint.mode=max or min."
        )
    return known


def direction_in(result: Mapping[str, Any], metric: str) -> Direction:
    """Tell whether "max" or "min" of a metric is best, as the result of a run says.

    Args:
        result: Its result.json: `directions` of all metrics; older ones have `direction`, of `monitor`, alone.
        metric: As in `named_direction`.
    """
    name = bare_name(metric)
    told = (result.get("directions") or {}).get(name)
    if told is None and name == bare_name(str(result.get("monitor"))):
        told = result.get("direction")
    if told is None:
        less = {name, name.rpartition("_")[0]} & (LESS_IS_BETTER | OFTEN_LESS)
        told = "min" if less else "max"
    return "min" if told == "min" else "max"
