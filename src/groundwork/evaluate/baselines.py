"""The data of a run -> what simple models reach on val, to hold every result against."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.batch import Split
from groundwork.core.probabilities import soften
from groundwork.data import Store, TableSource
from groundwork.data.balance import NoBalance, class_weights
from groundwork.data.prepared import Prepared
from groundwork.evaluate.forest import Forest
from groundwork.evaluate.measure import with_threshold
from groundwork.metrics import fit_temperature
from groundwork.train.metrics import Metrics

SIDE = 16  # pixels per side of the images that the linear baseline reads


@dataclass(frozen=True)
class Baseline:
    """Hold what a simple model reaches on val.

    Attributes:
        scores: metric -> number.
        prediction: (N, K) or (N, T) of val.
        metrics: That measured it, with a threshold of its own where val chose one.
        forest: Of gradient boosting, as it was fitted.
    """

    scores: dict[str, float]
    prediction: NDArray[np.floating]
    metrics: Metrics
    forest: Forest | None = None


def measure_baselines(
    metrics: Metrics,
    monitor: str,
    prepared: Prepared,
    balance: NoBalance | None,
    note: Callable[[str], None],
    calibrates: bool,
) -> dict[str, Baseline]:
    """Fit the baselines on train and measure them on val; none where images are streamed.

    They get what the model gets: its rows, its balance as weights of the samples, and where the threshold is chosen
    on val, each baseline has its own chosen there, too.

    Args:
        balance: Of classes or labels; None for values.
        note: Says what a reader of the table should know.
        calibrates: Fit a temperature of its own on val for each, as the model has one.
    """
    from groundwork.evaluate import baseline_models as models  # scikit-learn: not before training

    train, val = _inputs(prepared, "train"), _inputs(prepared, "val")
    if train is None or val is None:
        return {}
    task, names = prepared.target.task, prepared.names
    if len(train) > (most := models.most_rows(train.shape[1])):
        note(f"the baselines are fitted on {most:,} of {len(train):,} training samples, to save time")
    work = min(len(train), most) * train.shape[1] * len(names)
    too_long = prepared.target.has_labels and work > models.MAX_LABEL_WORK
    if too_long:
        note(f"baselines for each of {len(names)} labels would take too long: only the majority is measured")
    found = models.fit_baselines(
        task,
        models.SplitData(train, prepared.targets("train"), _row_weights(balance, prepared)),
        models.SplitData(val, prepared.targets("val")),
        names,
        kind=prepared.samples.kind,
        only="" if too_long else None,
        categorical=prepared.codes,
    )
    forests = {"gradient_boosting": models.boosted_forest(found, task)}
    return {
        name: measure_one(metrics, monitor, one.prediction, prepared, calibrates, forests.get(name))
        for name, one in found.items()
    }


def measure_one(
    metrics: Metrics,
    monitor: str,
    prediction: NDArray[np.floating],
    prepared: Prepared,
    calibrates: bool,
    forest: Forest | None = None,
) -> Baseline:
    """Measure what one baseline predicts of val, with the threshold and the temperature that are its own."""
    target, names = prepared.targets("val"), prepared.names
    if calibrates:
        prediction = soften(prediction, fit_temperature(prediction, target))
    used = with_threshold(metrics, monitor, prediction, target, names)[0]
    return Baseline(used(prediction, target, names), prediction, used, forest)


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
