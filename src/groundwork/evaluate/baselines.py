"""The data of a run -> what simple models reach on val, to hold every result against."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.batch import Split
from groundwork.core.probabilities import soften
from groundwork.data import Store, TableSource
from groundwork.data.balance import NoBalance, class_weights
from groundwork.data.prepared import Prepared
from groundwork.evaluate.measure import with_threshold
from groundwork.metrics import fit_temperature
from groundwork.train.metrics import Metrics

SIDE = 16  # pixels per side of the images that the linear baseline reads


def measure_baselines(
    metrics: Metrics,
    monitor: str,
    prepared: Prepared,
    balance: NoBalance | None,
    note: Callable[[str], None],
    keep: list[tuple[NDArray[np.floating], Metrics]] | None = None,
    calibrates: bool = False,
    forests: list[Any] | None = None,
) -> dict[str, dict[str, float]]:
    """Fit the baselines on train and measure them on val; none where images are streamed.

    They get what the model gets: its rows, its balance as weights of the samples, and where the threshold is chosen
    on val, each baseline has its own chosen there, too.

    Args:
        balance: Of classes or labels; None for values.
        note: Says what a reader of the table should know.
        keep: Gets what each baseline predicts of val, and the metrics that measured it, in order.
        calibrates: Fit a temperature of its own on val for each, as the model has one.
        forests: Gets gradient boosting as it was fitted, a `Forest`, of tables.
    """
    from groundwork.evaluate.baseline_models import (
        MAX_LABEL_WORK,
        SplitData,
        fit_baselines,
        most_rows,
    )  # scikit-learn: not before training

    train, val = _inputs(prepared, "train"), _inputs(prepared, "val")
    if train is None or val is None:
        return {}
    if len(train) > (most := most_rows(train.shape[1])):
        note(f"the baselines are fitted on {most:,} of {len(train):,} training samples, to save time")

    def measured(prediction: Any, target: Any, names: Any) -> dict[str, float]:
        return measure_one(metrics, monitor, prediction, target, names, keep, calibrates)

    affordable = True
    if prepared.target.has_labels:
        affordable = min(len(train), most) * train.shape[1] * len(prepared.names) <= MAX_LABEL_WORK
    if not affordable:
        note(
            f"baselines for each of {len(prepared.names)} labels would take too long: only the majority is measured"
        )
    return fit_baselines(
        prepared.target.task,
        SplitData(train, prepared.targets("train"), _row_weights(balance, prepared)),
        SplitData(val, prepared.targets("val")),
        prepared.names,
        measured,
        kind=prepared.samples.kind,
        only=None if affordable else "",
        categorical=prepared.codes,
        keep=forests,
    )


def measure_one(
    metrics: Metrics,
    monitor: str,
    prediction: NDArray[np.floating],
    target: NDArray[Any],
    names: Sequence[str],
    keep: list[tuple[NDArray[np.floating], Metrics]] | None,
    calibrates: bool,
) -> dict[str, float]:
    """Measure what one baseline predicts, with the threshold and the temperature that are its own; see above."""
    if calibrates:
        prediction = soften(prediction, fit_temperature(prediction, target))
    used = with_threshold(metrics, monitor, prediction, target, names)[0]
    if keep is not None:
        keep.append((prediction, used))
    return used(prediction, target, names)


def _row_weights(balance: NoBalance | None, prepared: Prepared) -> NDArray[np.float64] | None:
    """Weigh each training row (N,), or each label of each (N, T), as the loss of the run does."""
    target = prepared.targets("train")
    if balance is None or not prepared.target.has_labels:
        return class_balance(balance, target)
    weights = class_weights(balance, prepared)
    return None if weights is None else np.where(target == 1, weights, 1.0)


def class_balance(balance: NoBalance | None, target: NDArray[Any]) -> NDArray[np.float64] | None:
    """Weigh each training row (N,) by how often an epoch counts it, as `balance` has it; None where all count once."""
    if balance is None or target.ndim > 1:
        return None
    counts = np.bincount(target)
    weight = np.asarray(balance.counts_after(counts) / np.maximum(counts, 1), dtype=np.float64)[target]
    return None if (weight == 1).all() else weight


def small_pixels(images: NDArray[np.generic], rows: NDArray[np.integer], side: int) -> NDArray[np.float32]:
    """Average images (N, H, W, C) over blocks into rows (M, D) that a linear model takes.

    Args:
        images: Decoded images, all of one size.
        rows: (M,) positions of the images.
        side: Height and width come down to `side` up to 2 `side` - 1 pixels.
    """
    height, width, channels = images.shape[1:]
    block_h, block_w = max(1, height // side), max(1, width // side)
    kept_h, kept_w = height // block_h, width // block_w
    small = np.empty((len(rows), kept_h * kept_w * channels), np.float32)
    for position, row in enumerate(rows):
        image = np.asarray(images[row, : kept_h * block_h, : kept_w * block_w], np.float32)
        blocks = image.reshape(kept_h, block_h, kept_w, block_w, channels)
        small[position] = blocks.mean(axis=(1, 3)).ravel()
    return small


def _inputs(prepared: Prepared, split: Split) -> NDArray[Any] | None:
    """Take the columns of a table, or small versions of the images."""
    rows = prepared.rows[split]
    if isinstance(prepared.source, TableSource):
        return prepared.source.array.numpy()[rows]
    if isinstance(prepared.source, Store):
        return small_pixels(prepared.source.images, rows, SIDE)
    return None
