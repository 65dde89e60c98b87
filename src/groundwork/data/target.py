"""Raw target columns -> class numbers or values, and the kind of problem that they pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.batch import TaskName
from groundwork.core.errors import UserError
from groundwork.core.text import quoted
from groundwork.data.check_target import check_columns, check_names, check_repeats, check_values
from groundwork.data.classes import choose_classes, class_labels, is_number
from groundwork.data.split.strata import holds_labels

FEW_VALUES = 20  # more distinct whole numbers than this read as a quantity, not as names of classes
ROWS_PER_VALUE = 5  # and so do whole numbers that hardly ever repeat


@dataclass(frozen=True)
class Target:
    """Say what is predicted, and encode it.

    Attributes:
        task: Kind of problem.
        names: (T,) names of the target columns, or of the labels.
        classes: (K,) names of the classes in order of their numbers; empty for regression and for several labels. The
            last of two is the positive one.
        why: One line for people: what was chosen and what it follows from.
        positive_above: A number that cuts one numeric target into two classes; None leaves it whole.
    """

    task: TaskName
    names: tuple[str, ...]
    classes: tuple[str, ...]
    why: str
    positive_above: float | None

    @property
    def has_labels(self) -> bool:
        """Tell whether a sample may have several labels of 0 and 1."""
        return self.task == "multilabel"

    @classmethod
    def fit(
        cls,
        target: DataFrame,
        task: TaskName | None,
        positive_class: str | None,
        positive_above: float | None,
        classes: Sequence[str] | None,
    ) -> Target:
        """Derive the task where it is None, and the classes in natural order (2 before 10).

        Args:
            target: (N, T) raw target columns.
            task: Kind of problem, or None to read it off the columns.
            positive_class: Which of two classes is number 1.
            positive_above: Values above it are the positive class, the others the negative one.
            classes: All classes in order; with `positive_above` the names of the two.
        """
        names = tuple(str(name) for name in target.columns)
        check_columns(target, task)
        if task is None:
            check_names(target)
            task, why = _derive_task(target, positive_above)
        else:
            why = f"{task}, as the task says"
        if task != "classification":
            check_values(target)
            idle = [
                f"data.{key}"
                for key, value in (
                    ("positive_class", positive_class),
                    ("positive_above", positive_above),
                    ("classes", classes),
                )
                if value is not None
            ]
            why += f"; {' and '.join(idle)} has no effect on it" if idle else ""
            why += f"; {len(names)} labels" if task == "multilabel" else ""
            constant = [name for name in names if len(target) > 1 and target[name].nunique() == 1]
            said = f"; {quoted(constant)} holds one value only: nothing can be learned of it"
            why += said if constant else ""
            return cls(task, names, (), why, None)
        found = choose_classes(target.iloc[:, 0], positive_class, positive_above, classes)
        if classes is None:
            check_repeats(target.iloc[:, 0], found, FEW_VALUES)
        return cls(task, names, found, f"{why}; {len(found)} classes", positive_above)

    def encode(self, target: DataFrame) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return class numbers (N,) int64 with -1 where missing, or values and labels (N, T) float64 with NaN."""
        absent = [name for name in self.names if name not in target]
        if absent:
            raise UserError(
                f"the data must hold the target {quoted(absent)}, but does not. Check data.target."
            )
        if not self.classes:
            check_values(target[list(self.names)])
            return target[list(self.names)].astype("float64").to_numpy()
        labels = class_labels(target[self.names[0]], self.positive_above, self.classes)
        number = {name: index for index, name in enumerate(self.classes)}
        unknown = sorted({label for label in labels if label is not None and label not in number})
        if unknown:
            raise UserError(
                f"target {self.names[0]!r} must hold known classes, but got {quoted(unknown)} "
                f"(known: {quoted(self.classes)}). Correct the labels, or train with them."
            )
        return np.array([-1 if label is None else number[label] for label in labels], dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return plain types that `from_state` turns back into an equal Target."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Target:
        """Build the Target that `state` described."""
        return cls(**{**state, "names": tuple(state["names"]), "classes": tuple(state["classes"])})


def _derive_task(target: DataFrame, positive_above: float | None) -> tuple[TaskName, str]:
    if positive_above is not None:
        return (
            "classification",
            f"classification, because data.positive_above={positive_above:g} cuts the target in two",
        )
    text = [str(name) for name, column in target.items() if not is_number(column)]
    if target.shape[1] > 1:
        if text:
            raise UserError(
                f"several targets must all be numbers, but {quoted(text)} is not. Name one with data.target."
            )
        hint = (
            "; task=multilabel reads them as labels"
            if holds_labels(target.to_numpy(dtype=np.float64, na_value=np.nan))
            else ""
        )
        return "regression", f"regression, because there are {target.shape[1]} targets{hint}"
    name, column = str(target.columns[0]), target.iloc[:, 0].dropna()
    if text:
        return "classification", f"classification, because {name!r} holds names"
    distinct, whole = column.nunique(), bool((column.astype("float64") % 1 == 0).all())
    if whole and (distinct <= 2 or (distinct <= FEW_VALUES and len(column) >= ROWS_PER_VALUE * distinct)):
        return "classification", f"classification, because {name!r} holds {distinct} whole numbers"
    what = f"{distinct:,} different whole numbers" if whole else "decimal numbers"
    return "regression", f"regression, because {name!r} holds {what}"
