"""What val chose among, and the baselines -> the number that is evidence, and the verdict on each baseline."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.directions import limits
from groundwork.core.probabilities import soften
from groundwork.evaluate.measure import BOOTSTRAP_SEED, with_threshold
from groundwork.metrics import (
    Scores,
    beyond_chance,
    bias_corrected,
    fit_temperature,
    lowest_loss_until_moved,
    lowest_loss_within_one_error,
)
from groundwork.train.context import Context
from groundwork.train.metrics import Metrics
from groundwork.train.served import served

Prediction = NDArray[np.floating]
Measured = Mapping[str, Mapping[str, float]]
# metrics without an upper end, whose intervals are in proportion
SCALED = ("mse", "rmse", "mae", "log_loss", "pinball_loss", "interval_width")
RESAMPLES = 400


def correct(
    context: Context,
    val: Prediction,
    measured: Measured,
    metrics: Metrics,
    solved: bool,
    temperature: float = 1.0,
) -> dict[str, dict[str, Any]]:
    """Give every metric of val with the choosing taken out: value, low, high, method, n; empty where it can't be.

    Args:
        val: By the network of the run, before it learned from val.
        measured: Its metrics with their intervals.
        metrics: Of the run, with the threshold that val chose.
        solved: Whether a head was solved, which is chosen by its loss among equals.
        temperature: Fitted on val, and in `val` already; not in what val chose among.
    """
    tried = context.tried
    if tried.dropped or _monitor(context) not in measured:
        return {}
    if tried.folds > 1:
        if not solved:  # folds chose where to cut, but the head that is served was trained
            tried.nested = None
        return _nested(context, metrics, temperature)
    candidates = tried.like(val) or [soften(val, 1 / temperature)]
    chosen = ["the temperature"] * (temperature != 1)
    chosen += ["the threshold"] * (getattr(context.metrics, "threshold", None) == "auto")
    if len(candidates) == 1 and not chosen:
        return {
            name: {**one, "method": "nothing was chosen on val", "n": len(val)}
            for name, one in measured.items()
        }
    found = _corrected(context, candidates, metrics, solved, temperature != 1)
    what = " and ".join([f"{len(candidates)} candidates", *chosen])
    method = f"bootstrap bias correction over {what}{_one_view(context)}"
    return {
        name: {**moved(name, found[name], one), "method": method, "n": len(val)}
        for name, one in measured.items()
        if name in found and name != "ece"  # fewer rows lie outside, and show more error by chance
    }


def _corrected(
    context: Context, candidates: Sequence[Prediction], metrics: Metrics, solved: bool, calibrated: bool
) -> dict[str, float]:
    """Measure on rows outside of bootstrap samples what those inside choose, on average over the samples."""
    prepared, monitor = context.prepared, _monitor(context)
    truth, names = prepared.targets("val"), prepared.names
    slow = monitor in metrics.extra or len(truth) * len(names) > 100_000
    labels = prepared.target.has_labels
    choose = None
    if solved or labels or np.issubdtype(truth.dtype, np.integer):  # values never score alike
        losses = np.stack([_losses(each, truth, labels) for each in candidates])
        choose = (
            lowest_loss_within_one_error(losses) if solved else lowest_loss_until_moved(losses, context.sign)
        )
    return bias_corrected(
        [metrics.scores(each, truth, names, only=monitor) for each in candidates],
        partial(_outside, context, candidates, calibrated),
        monitor,
        context.sign,
        group=prepared.group("val"),
        resamples=min(RESAMPLES // 4 if slow else RESAMPLES, metrics.resamples),
        seed=BOOTSTRAP_SEED,
        choose=choose,
    )


def _outside(
    context: Context,
    candidates: Sequence[Prediction],
    calibrated: bool,
    number: int,
    inside: NDArray[np.floating],
) -> Scores:
    """Score one candidate with temperature and threshold fitted on the rows of one bootstrap sample.

    Args:
        number: Of the candidate.
        inside: (N,) how often the sample holds each row of val.
    """
    truth, names = context.prepared.targets("val"), context.prepared.names
    chosen, rows = candidates[number], np.repeat(np.arange(len(inside)), inside.astype(int))
    if calibrated:
        chosen = soften(chosen, fit_temperature(chosen[rows], truth[rows]))
    used = with_threshold(context.metrics, _monitor(context), chosen[rows], truth[rows], names)[0]
    return used.scores(chosen, truth, names)


def verdicts(
    context: Context,
    val: Prediction,
    metrics: Metrics,
    baselines: Mapping[str, tuple[Prediction, Metrics]],
) -> dict[str, dict[str, Any]]:
    """Compare the model with each baseline on the same rows, as one of all candidates: better, worse or undecided."""
    tried, prepared, monitor = context.tried, context.prepared, _monitor(context)
    truth, names = prepared.targets("val"), prepared.names
    chosen, others, widen, how = val, tried.like(val), 1.0, "as one of all that val chose among"
    if tried.folds > 1:
        if tried.nested is None:
            return {}
        chosen, others, widen = tried.nested[-len(val) :], [], _overlap(tried.folds)
        how = "by heads that were chosen without the rows"

    def scores(prediction: Prediction, own: Metrics = metrics) -> Scores:
        return own.scores(prediction, truth, names, only=monitor)

    if tried.dropped or monitor not in scores(val).at(np.ones((len(val), 1))):
        return {}
    every = [scores(each) for each in (*others, chosen)]
    said = {"metric": monitor, "n": len(val), "method": f"paired on the same rows, {how}"}
    return {
        name: {
            **beyond_chance(
                every,
                len(every) - 1,
                scores(prediction, used),
                monitor,
                context.sign,
                group=prepared.group("val"),
                seed=BOOTSTRAP_SEED,
                widen=widen,
            ),
            **said,
        }
        for name, (prediction, used) in baselines.items()
    }


def _monitor(context: Context) -> str:
    return str(context.config.monitor).removeprefix("val/")


def _nested(context: Context, metrics: Metrics, temperature: float) -> dict[str, dict[str, Any]]:
    """Measure heads that were chosen and solved without the rows that judge them."""
    tried, prepared = context.tried, context.prepared
    if tried.nested is None:
        return {}
    truth = np.concatenate([prepared.targets("train"), prepared.targets("val")])
    group = [prepared.group(split) for split in ("train", "val")]
    both = None if group[0] is None or group[1] is None else [*group[0], *group[1]]
    nested = soften(tried.nested, temperature)
    measured = metrics.intervals(nested, truth, prepared.names, group=both, seed=BOOTSTRAP_SEED)
    method = f"nested folds ({tried.folds}){_one_view(context)}"
    wide = _overlap(tried.folds)
    return {
        name: {**moved(name, one["value"], one, wide), "method": method, "n": len(truth)}
        for name, one in measured.items()
    }


def _one_view(context: Context) -> str:
    """Say what was chosen among, where more views are served than those."""
    return ", of images as they are" if served(context.config).views > 1 else ""


def _overlap(folds: int) -> float:
    """Widen the error of a mean over folds, as their training sets overlap (Nadeau and Bengio 2003)."""
    return float(np.sqrt(1 + folds / (folds - 1)))


def moved(name: str, value: float, one: Mapping[str, float], wide: float = 1.0) -> dict[str, float]:
    """Put the interval of a chosen number around the corrected one."""
    seen, low, high = one["value"], one["low"], one["high"]
    if name.split("/")[0] in SCALED and seen > 0 and low > 0:
        down, up = (seen / low) ** wide, (high / seen) ** wide
        return {"value": value, "low": value / down, "high": value * up}
    # At the end of its range an interval reaches one way alone; what was corrected lies further inside.
    reach = wide * max(seen - low, high - seen)
    least, largest = limits(name)
    return {"value": value, "low": max(value - reach, least), "high": min(value + reach, largest)}


def _losses(prediction: Prediction, truth: NDArray[Any], labels: bool) -> NDArray[np.float64]:
    if truth.ndim == 1 and prediction.ndim == 2 and np.issubdtype(truth.dtype, np.integer):
        own = np.take_along_axis(prediction, truth[:, None], axis=1)[:, 0]
        return np.asarray(-np.log(np.maximum(own, np.finfo(np.float32).eps)), np.float64)
    if labels:
        own = np.maximum(np.where(truth == 1, prediction, 1 - prediction), np.finfo(np.float32).eps)
        return np.asarray(np.nanmean(np.where(np.isnan(truth), np.nan, -np.log(own)), axis=1), np.float64)
    return np.asarray(np.nanmean((prediction - truth.reshape(prediction.shape)) ** 2, axis=1), np.float64)
