"""Sets and intervals with a promise: calibrated, kept in the checkpoint, written, and measured on test."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from groundwork.core.quantiles import outer_quantiles
from groundwork.data import ColumnStatistics
from groundwork.evaluate.calibrate import Unseen
from groundwork.evaluate.promise_groups import group_name
from groundwork.metrics import Promise, Spread, class_scores, fit_spread
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
