"""Predictions by heads that did not see the rows -> the temperature of a run, and what it changes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.probabilities import soften
from groundwork.data.prepared import Prepared
from groundwork.metrics import fit_temperature
from groundwork.train.frozen.crossed import Crossed
from groundwork.train.metrics import Metrics

SHOWN = ("log_loss", "ece", "ece_debiased")


@dataclass(frozen=True)
class Unseen:
    """Hold predictions of rows that the heads behind them did not learn from.

    Attributes:
        prediction: (M, K) or (M, T).
        target: (M,) or (M, T).
        rows: (M,) in the table of samples.
        what: Which rows these are, for people.
    """

    prediction: NDArray[np.floating]
    target: NDArray[Any]
    rows: NDArray[np.int64]
    what: str


def unseen(prepared: Prepared, val: NDArray[np.floating], crossed: Crossed | None) -> Unseen:
    """Take val; where the head that is served learned from val, too, the folds of train and val."""
    if crossed is None:
        return Unseen(val, prepared.targets("val"), prepared.rows["val"], "val")
    target, rows = (
        np.concatenate([part("train"), part("val")]) for part in (prepared.targets, prepared.rows.__getitem__)
    )
    return Unseen(crossed.prediction, target, rows, "out-of-fold predictions of train and val")


def calibrate(found: Unseen, metrics: Metrics, names: tuple[str, ...]) -> tuple[float, dict[str, Any]]:
    """Fit the temperature of a run, and describe it with what it changes on the very rows that it is fitted on."""
    temperature = fit_temperature(found.prediction, found.target)
    before, after = (
        metrics(prediction, found.target, names)
        for prediction in (found.prediction, soften(found.prediction, temperature))
    )
    shown = [{name: one[name] for name in SHOWN if name in one} for one in (before, after)]
    return temperature, {
        "method": "temperature",
        "temperature": temperature,
        "fitted_on": found.what,
        "n": len(found.target),
        "before": shown[0],
        "after": shown[1],
    }


def calibration_note(described: dict[str, Any]) -> str:
    """Say in one line what was fitted, and what it changes."""
    before, after = (described[when].get("log_loss", np.nan) for when in ("before", "after"))
    return (
        f"probabilities are calibrated: temperature {described['temperature']:.3g}, fitted on "
        f"{described['fitted_on']}, whose log loss goes from {before:.4g} to {after:.4g}; a sealed test is the proof"
    )
