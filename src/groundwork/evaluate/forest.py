"""A gradient boosting model -> plain arrays that predict the same, without scikit-learn and without pickle."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from groundwork.core.boosted_trees import boosted_trees

Floats = NDArray[np.float64]
LINKS = ("identity", "sigmoid", "softmax")


@dataclass(frozen=True)
class Forest:
    """Hold T trees of M nodes together, whose leaves are summed into R raw values, which give K predictions.

    Attributes:
        feature: (M,) column that a node looks at.
        threshold: (M,) numbers up to it go left.
        left: (M,) node to go to; that of a leaf is itself.
        right: (M,) likewise.
        missing_left: (M,) whether a missing or unknown value goes left.
        category: (M,) row of `goes_left`, or -1 where the column holds numbers.
        value: (M,) of a leaf; 0 elsewhere.
        goes_left: (C, L) whether the category of code l goes left.
        known: (D, L) whether training showed code l in column d.
        first: (T,) root of each tree.
        adds_to: (T,) raw value that its leaves add to.
        start: (R,) raw values before the first tree.
        column: (R,) prediction that a raw value becomes.
        constant: (K,) predictions that no raw value gives.
        link: () place in LINKS.
    """

    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    category: NDArray[np.int64]
    value: Floats
    goes_left: NDArray[np.bool_]
    known: NDArray[np.bool_]
    first: NDArray[np.int64]
    adds_to: NDArray[np.int64]
    start: Floats
    column: NDArray[np.int64]
    constant: Floats
    link: NDArray[np.int64]

    @classmethod
    def of(cls, models: Sequence[Any], columns: Sequence[Sequence[int]], constant: Floats, link: str) -> Self:
        """Take over fitted models of scikit-learn.

        Args:
            models: HistGradientBoostingClassifier or HistGradientBoostingRegressor.
            columns: Of the predictions (K), those that each gives.
            constant: (K,) what is predicted where no model is.
            link: Of LINKS.
        """
        parts = [
            _of_two(boosted_trees(model)) if link == "softmax" else boosted_trees(model) for model in models
        ]
        raws = np.cumsum([0, *(len(part["start"]) for part in parts)])
        nodes = np.cumsum([0, *(len(part["value"]) for part in parts)])
        rows = np.cumsum([0, *(len(part["goes_left"]) for part in parts)])
        codes = max(part["known"].shape[1] for part in parts)
        shift = {"left": nodes, "right": nodes, "first": nodes, "adds_to": raws, "category": rows}
        joined = {
            name: np.concatenate(
                [np.where(part[name] < 0, -1, part[name] + by[place]) for place, part in enumerate(parts)]
            )
            for name, by in shift.items()
        }
        for name in ("feature", "threshold", "missing_left", "value", "start"):
            joined[name] = np.concatenate([part[name] for part in parts])
        nowhere = np.zeros((1, codes), bool)  # -1 looks at the last row
        goes_left = [_widened(part["goes_left"], codes) for part in parts]
        return cls(
            **joined,
            goes_left=np.concatenate([*goes_left, nowhere]),
            known=np.any([_widened(part["known"], codes) for part in parts], axis=0),
            column=np.concatenate([np.asarray(each, np.int64) for each in columns]),
            constant=np.asarray(constant, np.float64),
            link=np.array(LINKS.index(link)),
        )

    def predict(self, inputs: NDArray[np.floating]) -> Floats:
        """Predict rows (N, D), NaN where missing: (N, K) probabilities or values."""
        given = np.where(np.isfinite(inputs), inputs, np.nan).astype(np.float64)
        raw = np.tile(self.start, (len(given), 1))
        rows = np.arange(len(given))
        for root, output in zip(self.first, self.adds_to, strict=True):
            node = np.full(len(given), root)
            while (self.left[node] != node).any():  # a leaf leads to itself
                node = np.where(self._left(given, rows, node), self.left[node], self.right[node])
            raw[:, output] += self.value[node]
        return self._linked(raw)

    def _left(self, given: Floats, rows: NDArray[np.int64], node: NDArray[np.int64]) -> NDArray[np.bool_]:
        feature, category = self.feature[node], self.category[node]
        value = given[rows, feature]
        code = np.where(category >= 0, np.nan_to_num(value, nan=-1.0), 0.0).astype(np.int64)
        within = (code >= 0) & (code < self.known.shape[1])
        code = np.where(within, code, 0)
        missing = np.isnan(value) | ((category >= 0) & ~(within & self.known[feature, code]))
        goes = np.where(category >= 0, self.goes_left[category, code], value <= self.threshold[node])
        return np.where(missing, self.missing_left[node], goes)

    def _linked(self, raw: Floats) -> Floats:
        prediction, link = np.tile(self.constant, (len(raw), 1)), LINKS[int(self.link)]
        if link == "identity":
            prediction[:, self.column] = raw
        elif link == "sigmoid":
            prediction[:, self.column] = 1 / (1 + np.exp(-raw))
        else:
            power = np.exp(raw - raw.max(axis=1, keepdims=True))
            prediction[:, self.column] = power / power.sum(axis=1, keepdims=True)
        return prediction

    def save(self, path: Path) -> None:
        """Write the arrays as .npz."""
        np.savez_compressed(path, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; a file from elsewhere can run nothing.

        Raises:
            ValueError: If a branch does not lead on, or the file holds anything but numbers.
        """
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            forest = cls(**{each.name: arrays[each.name] for each in fields(cls)})
        node = np.arange(len(forest.value))
        ends = forest.left == node
        on = ends | ((forest.left > node) & (forest.right > node))
        if not (on & (forest.left < len(node)) & (forest.right < len(node))).all():
            raise ValueError(f"{path.name} must hold trees whose branches lead on to a leaf")
        return forest


def _of_two(part: dict[str, Any]) -> dict[str, Any]:
    """Give the first of two classes a raw value of 0, where one raw value is that of the second."""
    if len(part["start"]) > 1:
        return part
    return {**part, "start": np.array([0.0, part["start"][0]]), "adds_to": part["adds_to"] + 1}


def _widened(table: NDArray[np.bool_], codes: int) -> NDArray[np.bool_]:
    return np.pad(table, ((0, 0), (0, codes - table.shape[1])))
