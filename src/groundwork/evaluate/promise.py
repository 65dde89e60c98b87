"""Sets and intervals with a promise: calibrated, kept in the checkpoint, written, and measured on test."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from groundwork.core.quantiles import outer_quantiles
from groundwork.data import ColumnStatistics, TableSource
from groundwork.data.categories import FIRST, MISSING
from groundwork.data.prepared import Prepared
from groundwork.evaluate.calibrate import Unseen
from groundwork.metrics import Promise, Spread, class_scores, conformal_rank, fit_spread
from groundwork.train.frozen.crossed import Crossed
from groundwork.train.served import Served
from groundwork.transfer import Linear


@dataclass(frozen=True)
class Promised:
    """Hold the promise of a run, with the heads of its folds where those serve it."""

    promise: Promise
    per: str | None
    heads: list[Linear]

    def state(self) -> dict[str, Any]:
        """Give plain types and tensors, for a checkpoint."""
        plain = asdict(self.promise) | {"spread": [asdict(each) for each in self.promise.spread]}
        arrays = {name: torch.from_numpy(getattr(self.promise, name)) for name in ("score", "fold", "group")}
        heads = [[head.weight, head.bias] for head in self.heads]
        return {"promise": plain | arrays, "per": self.per, "heads": heads}

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any]) -> "Promised | None":
        """Read what `state` gave; None where a run promises nothing."""
        state = checkpoint.get("promise")
        if not state:
            return None
        arrays = {name: state["promise"][name].numpy() for name in ("score", "fold", "group")}
        spread = tuple(Spread(**each) for each in state["promise"]["spread"])
        heads = [Linear(*head) for head in state["heads"]]
        return cls(Promise(**{**state["promise"], **arrays, "spread": spread}), state["per"], heads)


def make_promise(
    asked: Served,
    found: Unseen,
    classes: Sequence[str],
    sample_id: NDArray[Any],
    group: NDArray[np.int64],
    crossed: Crossed | None,
    train: tuple[NDArray[np.floating], NDArray[Any]],
) -> Promised:
    """Score rows that the heads did not learn from.

    Args:
        asked: Keys of the run.
        found: These rows, as served: by calibrated probabilities.
        classes: K names; none for values.
        sample_id: (M,) of the rows.
        group: (M,) numbers, see `group_numbers`.
        crossed: Heads of folds, where the head of the run learned from val.
        train: Predictions and targets that say how errors spread; no promise rests on them.
    """
    assert asked.conformal is not None
    kind: Any = asked.kind(bool(classes))
    spread: tuple[Spread, ...] = ()
    by_class = asked.per == "class"
    if classes:
        uniform = draws(sample_id) if asked.randomized else None
        every = class_scores(found.prediction, uniform, kind == "raps")
        score = np.take_along_axis(every, found.target[:, None].astype(np.int64), axis=1)
        group = found.target.astype(np.int64) if by_class else group
    elif found.prediction.shape[1] > found.target.shape[1]:
        low, high = outer_quantiles(found.prediction.astype(np.float64), found.target.shape[1])
        kind, score = "quantile", np.maximum(low - found.target, found.target - high)
    else:
        score = np.abs(found.prediction - found.target).astype(np.float64)
        if kind == "normalized":
            spread = tuple(fit_spread(*pair) for pair in zip(train[0].T, train[1].T, strict=True))
            score = score / np.stack([each(x) for each, x in zip(spread, found.prediction.T, strict=True)], 1)
    fold = np.zeros(len(score), np.int64) if crossed is None else crossed.fold
    promise = Promise(asked.conformal, kind, asked.randomized, by_class, score, fold, group, spread)
    return Promised(promise, asked.per, [] if crossed is None else crossed.heads)


def group_numbers(
    per: str | None, encoded: NDArray[np.floating] | None, columns: ColumnStatistics | None, number: int
) -> NDArray[np.int64]:
    """Number the groups of rows (N,): codes of a column, or 0 for all.

    Args:
        encoded: (N, D) rows of a table as the network reads them.
        number: N.
    """
    if per in (None, "class") or columns is None or encoded is None:
        return np.zeros(number, dtype=np.int64)
    place = [column.name for column in columns.columns].index(per)
    return encoded[:, place].astype(np.int64)


def groups_of(per: str | None, prepared: Prepared, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the groups of some rows of a run's data."""
    source = prepared.table or prepared.source
    encoded = source.array.numpy()[rows] if isinstance(source, TableSource) else None
    return group_numbers(per, encoded, prepared.columns, len(rows))


def new_groups(per: str | None, source: Any, data: Mapping[str, Any], number: int) -> NDArray[np.int64]:
    """Number the groups of N new samples.

    Args:
        source: Their inputs.
        data: The checkpoint's description of the data.
        number: N.
    """
    source = getattr(source, "table", source)  # of images with columns
    if not isinstance(source, TableSource):
        return group_numbers(None, None, None, number)
    columns = ColumnStatistics.from_state(data["columns"])
    return group_numbers(per, source.array.numpy(), columns, number)


def group_name(number: int, per: str | None, classes: Sequence[str], columns: ColumnStatistics | None) -> str:
    """Name a group for people."""
    if per == "class":
        return str(classes[number])
    if per is None or columns is None:
        return "all"
    known = next(column.categories for column in columns.columns if column.name == per)
    if number == MISSING:
        return "(missing)"
    return known[number - FIRST] if 0 <= number - FIRST < len(known) else "(never seen)"


def draws(sample_id: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64]:
    """Draw (N,) numbers in [0, 1) from the names of samples: the same sample always gets the same set."""
    digests = (blake2b(f"set of {name}".encode(), digest_size=8).digest() for name in sample_id)
    return np.array([int.from_bytes(digest, "big") / 2**64 for digest in digests])


def describe_promise(
    promised: Promised,
    rows: str,
    classes: Sequence[str],
    columns: ColumnStatistics | None,
    chosen: bool,
    grouped: bool,
) -> dict[str, Any]:
    """Say in plain words what is promised, of whom, and on what condition.

    Args:
        rows: That calibrated it.
        chosen: Whether val, or folds, chose among heads or epochs.
        grouped: Whether samples come in groups.
    """
    promise, crossed = promised.promise, bool(promised.heads)
    numbers = [
        int(number) for number in (range(len(classes)) if promise.by_class else np.unique(promise.group))
    ]
    names = {number: group_name(number, promised.per, classes, columns) for number in numbers}
    level = 1 - 2 * (1 - promise.level) if crossed else promise.level
    what = "sets" if classes else "intervals"
    conditions = [
        f"new samples are drawn as those of {rows.removeprefix('out-of-fold predictions of ')} were"
    ]
    if crossed:
        conditions.append(
            f"the theorem of CV+ gives 1 - 2a = {level:.3g}; about {promise.level:.3g} is usual"
        )
    if chosen:
        conditions.append(
            "the same rows also chose the head or the epoch, which makes the truth a little less"
        )
    if grouped:
        conditions.append("new samples come in the same groups; new groups may be covered less")
    return {
        "level": promise.level,
        "promised": level,
        "method": "CV+" if crossed else "split conformal",
        "score": promise.kind + (", randomized" if promise.randomized else ""),
        "per": promised.per,
        "calibrated_on": rows,
        "n": {names[number]: int((promise.group == number).sum()) for number in numbers},
        "everything": [names[number] for number in numbers if promise.everything(number)],
        "what": f"{what} that hold the truth of at least {level:.3g} of new samples, on average over such splits",
        "conditions": conditions,
    }


def promise_note(described: Mapping[str, Any]) -> str:
    """Say in one line what is promised."""
    number = sum(described["n"].values())
    said = f"{described['what']}, calibrated on {number:,} rows ({described['calibrated_on']}), if "
    said += "; ".join(described["conditions"])
    if everything := described["everything"]:
        said += f"; too few rows to leave anything out: {', '.join(everything)}"
    return said


def portable(checkpoint: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Say in plain types what takes an exported model's predictions to sets or intervals.

    Returns:
        `promise` for preprocessing.json, empty where there is none, and a line on why fold heads stay behind.
    """
    promised = Promised.of(checkpoint)
    if promised is None:
        return {}, ""
    if promised.heads:
        return (
            {},
            "sets and intervals need the heads of this run's folds: predict.py has them, the export does not",
        )
    promise, data = promised.promise, checkpoint["data"]
    classes = data["target"]["classes"]
    columns = ColumnStatistics.from_state(data["columns"]) if data["kind"] == "table" else None
    cuts = {}
    for number in np.unique(promise.group):
        scores = promise.score[promise.group == number]
        known = [np.sort(column[~np.isnan(column)]) for column in scores.T]
        ranks = [conformal_rank(promise.level, len(column)) for column in known]
        pairs = zip(known, ranks, strict=True)
        name = group_name(int(number), promised.per, classes, columns)
        cuts[name] = [None if rank > len(column) else float(column[rank - 1]) for column, rank in pairs]
    ends = ("lowest quantile", "highest quantile") if promise.kind == "quantile" else ("prediction",) * 2
    rule = (
        "a class is in the set if its probability and those of all classes before it sum to the cut at most; the first "
        "always is"
        if classes
        else f"{ends[0]} - cut to {ends[1]} + cut, each target with its own"
    )
    told = {
        "level": promise.level,
        "score": promise.kind,
        "randomized": promise.randomized,
        "per": promised.per,
    }
    spread = [asdict(each) for each in promise.spread]
    return {"promise": {**told, "cut": cuts, "spread": spread, "rule": rule + "; null: everything"}}, ""
