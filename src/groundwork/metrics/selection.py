"""Candidates measured on the rows that chose among them -> what the chosen one is worth, and whom it beats."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from groundwork.core.directions import limits
from groundwork.metrics.bootstrap import Scores
from groundwork.metrics.counts import Floats, ratio
from groundwork.metrics.draws import Groups, Units

RESAMPLES, FLIPS = 400, 2000
DRAWN = 10_000  # metrics that are no sums, over all candidates
ALIKE = 1e-9  # differences that are all the same still have an error, this share of their square
TIE = 1e-9  # relative difference that is rounding
Choose = Callable[[Floats, NDArray[np.floating]], NDArray[np.int64]]


def bias_corrected(
    candidates: Sequence[Scores],
    outside: Callable[[int, NDArray[np.floating]], Scores],
    metric: str,
    sign: float,
    *,
    group: Groups | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    choose: Choose | None = None,
) -> dict[str, float]:
    """Choose on the drawn rows, measure on those that were not drawn, and average (BBC).

    Args:
        candidates: Of one split; the monitored metric is enough.
        outside: Number of a candidate and the rows that chose it (N,) -> its scores, every metric.
        metric: That chooses.
        sign: 1 where more of it is better, -1 where less.
        group: (N,) stays whole.
        choose: Signed scores (C, R) and weights (N, R) -> candidate (R,); None takes the best.

    Returns:
        Every metric; draws in which one is undefined are left out of its mean, and counted as
        `undefined/<metric>`, a share.

    Source:
        Tsamardinos, Greasidou and Borboudakis, Machine Learning 2018, arXiv:1708.07180, algorithm 5.
    """
    units = Units(candidates[0].num_samples, group)
    weights = np.concatenate(list(units.draw(resamples, seed)), axis=1)
    scores = np.stack([sign * each.at(weights)[metric] for each in candidates])
    scores = np.where(np.isnan(scores), -np.inf, scores)
    picked = scores.argmax(axis=0) if choose is None else choose(scores, weights)
    values: dict[str, list[float]] = {}
    for column, candidate in enumerate(picked):
        inside = weights[:, column]
        found = outside(int(candidate), inside).at((inside == 0).astype(np.float32)[:, None])
        for name, one in found.items():
            values.setdefault(name, []).append(float(one[0]))
    result = {}
    for name, drawn in values.items():
        known = np.array(drawn)[~np.isnan(drawn)]
        result[name] = float(known.mean()) if len(known) else float("nan")
        if len(known) < len(drawn):
            result[f"undefined/{name}"] = 1 - len(known) / len(drawn)
    return result


def beyond_chance(
    candidates: Sequence[Scores],
    chosen: int,
    baseline: Scores,
    metric: str,
    sign: float,
    *,
    group: Groups | None = None,
    level: float = 0.95,
    seed: int = 0,
    widen: float = 1.0,
) -> dict[str, float | str]:
    """Compare the chosen candidate with a baseline on the same samples, as one of all that were tried (max-T).

    A metric that is a sum over samples: the signs of the differences are flipped, all candidates at once; any other:
    draws, centred at what was seen. The largest |t| over the candidates sets how far the interval reaches, so it
    covers the chosen one, however it was chosen.

    Args:
        widen: Of the standard error, where the training sets of the samples overlap.

    Returns:
        `verdict` (better, worse, undecided), `difference` (model minus baseline), `low`, `high`, `p`, `candidates`.

    Source:
        Westfall and Young, Resampling-Based Multiple Testing, 1993.
    """
    units = Units(baseline.num_samples, group)
    told = [each.contributions(metric) for each in (*candidates, baseline)]
    parts = [part for part in told if part is not None]
    if len(parts) == len(told):
        found = _flipped(np.stack([units.per_unit(part - parts[-1]) for part in parts[:-1]]), seed)
    else:
        found = _redrawn(candidates, baseline, metric, units, seed)
    difference, error, drawn = found
    least, largest = limits(metric)
    return _judged(difference, error, drawn * widen, chosen, sign, level, largest - least)


def _flipped(apart: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Flip the signs of what each unit adds to the differences (C, U).

    Returns:
        The differences (C,), their errors (C,), and |t| of each flip (C, R).
    """
    number = apart.shape[1]
    difference, length = apart.sum(axis=1), np.sqrt((apart**2).sum(axis=1))
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), (number, FLIPS))
    share = ratio(apart @ signs, length[:, None]) ** 2 / number
    # Student's t, which rises with the sum; its error is about the mean, so that the interval is no wider than due.
    drawn = np.sqrt(share / np.maximum(1 - share, ALIKE) * number)
    error = np.sqrt(np.maximum(length**2 - difference**2 / number, ALIKE * length**2))
    return difference, error, drawn


def _redrawn(
    candidates: Sequence[Scores], baseline: Scores, metric: str, units: Units, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Draw the units again, centred at what was seen; returns what `_flipped` does."""
    once = np.ones((baseline.num_samples, 1))
    difference = np.array([each.at(once)[metric][0] - baseline.at(once)[metric][0] for each in candidates])
    number = int(np.clip(DRAWN // len(candidates), FLIPS // 20, FLIPS // 4))
    weights = np.concatenate(list(units.draw(number, seed)), axis=1)
    below = baseline.at(weights)[metric]
    moved = np.stack([each.at(weights)[metric] - below for each in candidates]) - difference[:, None]
    moved = moved[:, ~np.isnan(moved).any(axis=0)]
    error = moved.std(axis=1) if moved.shape[1] > 1 else np.full(len(candidates), np.nan)
    return difference, error, np.abs(ratio(moved, error[:, None]))


def _judged(
    difference: Floats,
    error: Floats,
    drawn: Floats,
    chosen: int,
    sign: float,
    level: float,
    most: float,
) -> dict[str, float | str]:
    """Hold the chosen difference against the largest of the drawn |t| (C, R)."""
    seen, width = float(difference[chosen]), float(error[chosen])
    found: dict[str, float | str] = {
        "verdict": "undecided",
        "difference": seen,
        "candidates": len(difference),
    }
    known = ~np.isnan(drawn)
    if not width > 0 or not known[chosen].any():
        same = seen if width == 0 else float("nan")
        return found | {"low": same, "high": same, "p": 1.0}
    largest = np.where(known, drawn, 0.0).max(axis=0)
    reach = float(np.quantile(largest, level)) * width
    if abs(abs(seen) - reach) <= TIE * reach:
        # Few units give few values of t: the interval ends at 0, and rounding must not say beyond.
        reach = abs(seen)
    beyond = (1 + np.count_nonzero(largest >= abs(seen) / width * (1 - TIE))) / (1 + len(largest))
    found |= {"low": max(seen - reach, -most), "high": min(seen + reach, most), "p": float(beyond)}
    if abs(seen) > reach:
        found["verdict"] = "better" if seen * sign > 0 else "worse"
    return found


def lowest_loss_within_one_error(losses: Floats) -> Choose:
    """Give the rule of `transfer.choose_cut`: of the candidates within one standard error of the best, the lowest loss.

    Args:
        losses: (C, N) of each sample.
    """

    def choose(scores: Floats, weights: NDArray[np.floating]) -> NDArray[np.int64]:
        best = scores.max(axis=0)
        with np.errstate(invalid="ignore"):
            gap = best - scores
            overall = int(np.argmax(scores.mean(axis=1)))
            tolerance = np.nan_to_num((scores[overall] - scores).std(axis=1), posinf=0.0)[:, None]
        drawn = np.where(gap <= tolerance, losses @ weights, np.inf)
        return np.asarray(drawn.argmin(axis=0))

    return choose


def lowest_loss_until_moved(losses: Floats, sign: float) -> Choose:
    """Give the rule by which a training keeps an epoch: the first of the best score, unless none is above the first.

    Then the lowest loss among the first epochs, as long as they score alike: a network that predicts one class for
    some epochs learns all the same.

    Args:
        losses: (C, N) of each sample, epoch by epoch.
        sign: 1 where more of the metric is better, -1 where less.
    """
    perfect = 1.0 if sign > 0 else 0.0

    def choose(scores: Floats, weights: NDArray[np.floating]) -> NDArray[np.int64]:
        alike = np.logical_and.accumulate(scores == scores[0], axis=0)
        moved = (scores.max(axis=0) > scores[0]) | (scores[0] == perfect)
        lowest = np.where(alike, losses @ weights, np.inf).argmin(axis=0)
        return np.asarray(np.where(moved, scores.argmax(axis=0), lowest))

    return choose
