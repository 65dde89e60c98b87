"""A promise and new predictions -> their sets and intervals, and whether they hold the truth as often as promised."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom

from groundwork.data import ColumnStatistics
from groundwork.data.prepared import Prepared
from groundwork.evaluate.promise import Promised, draws
from groundwork.evaluate.promise_groups import group_name, groups_of
from groundwork.metrics import conformal_rank, share_ends
from groundwork.model import Network
from groundwork.train.frozen.crossed import fold_network

DOUBT = 0.025  # a promise is broken where so few or fewer rows would keep it once in forty times
Again = Callable[[Network], NDArray[np.floating]]
WORST = ("broken", "within chance", "held")


@dataclass(frozen=True)
class Given:
    """Hold the sets or the intervals of N samples.

    Attributes:
        inside: (N, K) of classes; None for values.
        lower: (N, T) in original units; None for classes.
        upper: (N, T)
    """

    inside: NDArray[np.bool_] | None
    lower: Any = None
    upper: Any = None

    def columns(self, classes: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
        """Name them for a table: `set`, as JSON, or `lower` and `upper` of each target."""
        if self.inside is not None:
            names = np.asarray(classes, dtype=object)
            return {"set": [json.dumps(names[row].tolist(), ensure_ascii=False) for row in self.inside]}
        ends = [""] if len(targets) == 1 else [f"/{name}" for name in targets]
        return {
            f"{side}{end}": values[:, number]
            for number, end in enumerate(ends)
            for side, values in (("lower", self.lower), ("upper", self.upper))
        }

    def covers(self, target: NDArray[Any]) -> NDArray[np.float64]:
        """Tell (N, T) whether each truth lies inside, 1 or 0; NaN where it is not known. Classes have T = 1."""
        if self.inside is not None:
            return np.take_along_axis(self.inside, target[:, None].astype(np.int64), axis=1).astype(float)
        inside = (self.lower <= target) & (target <= self.upper)
        return np.where(np.isnan(target), np.nan, inside.astype(float))

    @property
    def size(self) -> NDArray[np.float64]:
        """Give (N, T) the number of classes in a set, or the width of an interval."""
        return (
            self.inside.sum(axis=1, keepdims=True).astype(float)
            if self.inside is not None
            else np.asarray(self.upper - self.lower)
        )


def give(
    promised: Promised,
    network: Network,
    prediction: NDArray[np.floating],
    again: Again,
    sample_id: Sequence[Any] | NDArray[Any],
    group: NDArray[np.int64],
    classes: bool,
) -> Given:
    """Serve the sets or intervals of rows (N,); where folds serve them, by one more pass over the inputs.

    Args:
        prediction: By the network.
        again: Predicts the same rows by another network.
        sample_id: (N,)
        group: (N,), see `group_numbers`.
    """
    predictions = prediction[None]
    if promised.heads:
        found = again(fold_network(network, promised.heads))
        predictions = found.reshape(len(group), len(promised.heads), -1).swapaxes(0, 1)
    if classes:
        return Given(promised.promise.sets(predictions, draws(sample_id), group))
    return Given(None, *promised.promise.intervals(predictions, group))


def keep_promise(
    checkpoint: Mapping[str, Any],
    prepared: Prepared,
    network: Network,
    prediction: NDArray[np.floating],
    again: Again,
    described: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Serve the sets or intervals of test, and measure them; nothing where the run promises none.

    Args:
        described: The promise, as `result.json` says it.

    Returns:
        Columns for the table of predictions, and what test says of the promise.
    """
    promised = Promised.of(checkpoint)
    if promised is None:
        return {}, {}
    rows, target = prepared.rows["test"], prepared.target
    sample_id, group = prepared.samples.sample_id.to_numpy()[rows], groups_of(promised.per, prepared, rows)
    given = give(promised, network, prediction, again, sample_id, group, bool(target.classes))
    kept = measure_promise(
        promised, described["promised"], given, prepared.targets("test"), group, target.classes, target.names,
        prepared.columns,
    )  # fmt: skip
    return given.columns(target.classes, target.names), kept


def measure_promise(
    promised: Promised,
    level: float,
    given: Given,
    target: NDArray[Any],
    group: NDArray[np.int64],
    classes: Sequence[str],
    targets: Sequence[str],
    columns: ColumnStatistics | None,
) -> dict[str, Any]:
    """Measure on test how many truths lie inside, for each group and target, and say whether the promise held.

    Args:
        level: That was promised.
        target: (N,) class numbers or (N, T) values.
        group: (N,), see `group_numbers`.
    """
    covered, size, promise = given.covers(target), given.size, promised.promise
    group = target.astype(np.int64) if promise.by_class else group
    parts = {}
    for number in np.unique(group):
        for place in range(covered.shape[1]):
            rows = (group == number) & ~np.isnan(covered[:, place])
            name = group_name(int(number), promised.per, classes, columns)
            name = f"{name}, {targets[place]}" if covered.shape[1] > 1 else name
            if rows.any():
                calibrated = int(((promise.group == number) & ~np.isnan(promise.score[:, place])).sum())
                parts[name] = coverage(covered[rows, place] == 1, level, calibrated)
                parts[name]["mean_size"] = float(size[rows, place].mean())
    doubt = DOUBT / max(len(parts), 1)
    for part in parts.values():
        part["promise"] = _verdict(part, level, doubt)
    known = ~np.isnan(covered)
    held = min((part["promise"] for part in parts.values()), key=WORST.index, default="held")
    low, high = (float(end) for end in share_ends(covered[known].sum(), known.sum(), 0.95))
    whole = {"coverage": float(covered[known].mean()), "low": low, "high": high, "n": int(known.sum())}
    return {**whole, "mean_size": float(size[known].mean()), "promise": held, "parts": parts}


def coverage(covered: NDArray[np.bool_], level: float, calibrated: int) -> dict[str, Any]:
    """Measure how many rows (N,) lie inside, with the binomial interval, and how likely so few are by chance.

    Of n calibration rows, k = ceil(level (n + 1)) make the share of new rows inside at least Beta(k, n + 1 - k), so
    that chance alone is a beta-binomial.

    Args:
        calibrated: n.
    """
    number, hits = len(covered), int(covered.sum())
    low, high = (float(end) for end in share_ends(hits, number, 0.95))
    rank = conformal_rank(level, calibrated)
    chance = 1.0 if rank > calibrated else float(betabinom.cdf(hits, number, rank, calibrated + 1 - rank))
    return {"coverage": hits / number, "low": low, "high": high, "n": number, "chance": chance}


def _verdict(part: Mapping[str, Any], level: float, doubt: float) -> str:
    if part["coverage"] >= level:
        return "held"
    return "within chance" if part["chance"] >= doubt else "broken"


def kept_note(test: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    """Say in one line whether the promise held on test."""
    held = {"held": "held", "within chance": "fell short within chance", "broken": "was broken"}[
        test["promise"]
    ]
    what = "sets" if described["what"].startswith("sets") else "intervals"
    return (
        f"the promise of {described['promised']:.3g} {held}: {test['coverage']:.3f} ({test['low']:.3f} to "
        f"{test['high']:.3f}) of {test['n']:,} truths of test lie in their {what}, of mean size {test['mean_size']:.3g}"
    )
