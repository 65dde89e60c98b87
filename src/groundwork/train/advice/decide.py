"""Predictions of val by a trained network, by the best frozen head and by guessing -> whether training pays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics import Scores, beyond_chance
from groundwork.metrics.draws import Groups

ONE_ERROR = math.erf(math.sqrt(0.5))  # of a normal law lies within one standard error, 0.683
SURE = 0.98  # within, so that 99 % lie above the lower end
WORSE = 0.95
FEWEST_ROWS, FEWEST_ERRORS = 30, 6  # of val, below which no race is decided
APART = 0.1  # of the rows, that two networks usually judge differently


@dataclass(frozen=True)
class Verdict:
    """Hold what a race came to.

    Attributes:
        gain: Of the monitor over the best frozen head, positive where training is better.
        error: How far that gain may be luck: one standard error, for as many as raced.
        pays: Whether the gain is above it, and guessing is beaten with 99 % confidence.
        guesses: Whether guessing is not beaten.
        hopeless: Whether it is worse than the frozen head with 95 % confidence.
    """

    gain: float
    error: float
    pays: bool
    guesses: bool
    hopeless: bool


def decide(
    raced: Sequence[Scores],
    chosen: int,
    frozen: Scores,
    metric: str,
    sign: float,
    guesses: bool,
    group: Groups | None = None,
) -> Verdict:
    """Take training only where its paired gain is above one standard error after the multiplicity of the race.

    Simulated with a prior gain of 3 points, one standard error loses least: 1.96 is too shy, 0 takes noise.

    Args:
        raced: All that raced, on the same rows.
        chosen: Number of the best.
        frozen: The best frozen head.
        metric: The monitor.
        sign: 1 where more of it is better, -1 where less.
        guesses: Whether the best is not seen to beat guessing, see `beats_guessing`.
        group: (N,) stays whole.
    """
    gain = beyond_chance(raced, chosen, frozen, metric, sign, group=group, level=ONE_ERROR)
    worse = beyond_chance(raced, chosen, frozen, metric, sign, group=group, level=WORSE)
    return Verdict(
        gain=sign * float(gain["difference"]),
        error=(float(gain["high"]) - float(gain["low"])) / 2,
        pays=gain["verdict"] == "better" and not guesses,
        guesses=guesses,
        hopeless=worse["verdict"] == "worse",
    )


def beats_guessing(
    raced: Sequence[Scores],
    chosen: int,
    guess: Scores,
    metric: str,
    sign: float,
    group: Groups | None = None,
) -> bool:
    """Tell whether one of several does better than the same prediction for all rows, with 99 % confidence."""
    return beyond_chance(raced, chosen, guess, metric, sign, group=group, level=SURE)["verdict"] == "better"


def undecidable(prediction: NDArray[np.floating], truth: NDArray[Any]) -> str | None:
    """Say why no race on these rows could be decided, and which gain could not have been seen; None where one can.

    Args:
        prediction: (N, K) or (N, T), of the best frozen head.
        truth: (N,) class numbers or (N, T) values.
    """
    number = len(truth)
    unseen = 100 * math.sqrt(APART / number)
    if truth.ndim > 1:
        few = f"val has {number} rows, so that no gain could be told from chance"
        return few if number < FEWEST_ROWS else None
    if number < FEWEST_ROWS:
        return (
            f"val has {number} rows: a gain of less than about {unseen:.0f} points is within one standard error there, "
            f"if a tenth of the rows are judged differently"
        )
    wrong = int((prediction.argmax(axis=1) != truth).sum())
    if wrong < FEWEST_ERRORS:
        return (
            f"the frozen head errs on {wrong} of {number} val rows: training could gain {100 * wrong / number:.1f} "
            f"points at most, and no such gain could be told from chance"
        )
    return None


def guessed(train: NDArray[Any], number: int, num_outputs: int) -> NDArray[np.floating]:
    """Predict the shares of the classes, or the mean of the values, of train for each of `number` rows."""
    if train.ndim == 1:
        shares = np.bincount(train[train >= 0], minlength=num_outputs) / max((train >= 0).sum(), 1)
        return np.tile(shares.astype(np.float32), (number, 1))
    return np.tile(np.nanmean(train.astype(np.float64), axis=0), (number, 1))
