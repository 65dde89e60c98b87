"""Targets and splits -> counts, the three rules of thumb, and which balance and metric they suggest."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.batch import Split
from groundwork.data.target import Target

PER_PARAMETER, PER_COLUMN, PER_CLASS = 10, 10, 1000
# Below the first ratio of the largest to the smallest class weights change nothing that one could measure;
# above the second one inverse weights would let a handful of samples steer the training.
BALANCED, EXTREME = 1.5, 50.0

Rows = Mapping[Split, NDArray[np.int64]]


def class_counts(target: Target, encoded: NDArray[Any], rows: Rows) -> dict[str, Any]:
    """Count the samples of each split, by class where there are classes."""
    if not target.classes:
        return {split: len(found) for split, found in rows.items()}
    return {
        split: {name: int((encoded[found] == number).sum()) for number, name in enumerate(target.classes)}
        for split, found in rows.items()
    }


def missing_classes(counts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Name the classes that a split which holds samples has none of."""
    found = {
        split: [name for name, number in of.items() if number == 0]
        for split, of in counts.items()
        if isinstance(of, Mapping) and any(of.values())
    }
    return {split: names for split, names in found.items() if names}


def rules_of_thumb(
    num_train: int, counts: Mapping[str, int] | None, num_columns: int, trainable: int | None
) -> list[dict[str, Any]]:
    """Hold the training rows against the three rules; they are advice, not a gate.

    Args:
        counts: Class -> training samples; None for regression.
        num_columns: Input columns; 0 for images.
        trainable: Parameters that this configuration trains; None where that is not known.
    """
    return [
        _rule(f"{PER_CLASS:,} samples per class", PER_CLASS, *_of_classes(counts)),
        _rule(
            f"{PER_COLUMN} samples per input column",
            PER_COLUMN,
            num_train / num_columns if num_columns else None,
            f"{num_train:,} samples for {num_columns:,} columns" if num_columns else "the inputs are images",
        ),
        _rule(
            f"{PER_PARAMETER} samples per trainable parameter",
            PER_PARAMETER,
            num_train / trainable if trainable else None,
            f"{num_train:,} samples for {trainable:,} trainable parameters"
            if trainable
            else "the number of trainable parameters is not known",
        ),
    ]


def _of_classes(counts: Mapping[str, int] | None) -> tuple[int | None, str]:
    """Give the samples of the smallest class, and what is worth knowing of the others."""
    if not counts:
        return None, "no classes"
    smallest = min(counts, key=lambda name: counts[name])
    reached = sum(number >= PER_CLASS for number in counts.values())
    median = np.median(list(counts.values()))
    told = f"smallest class {smallest!r}; median {median:,.0f}; {reached} of {len(counts)} classes reach it"
    return counts[smallest], told


def advise_balance(task: str, counts: Mapping[str, int] | None) -> dict[str, Any]:
    """Recommend a balance and a metric from the training counts."""
    if task == "multilabel":
        why = "several labels: balance=loss_weights weighs having each; average precision needs no threshold"
        return {"balance": "none", "monitor": "average_precision", "why": why}
    if counts is None:
        return {
            "balance": "none",
            "monitor": "rmse",
            "why": "values, not classes: nothing to balance; rmse is in the units of the target",
        }
    present = [number for number in counts.values() if number]
    ratio = max(present) / min(present) if present else 1.0
    share = max(present) / sum(present) if present else 0.0
    facts = f"the largest class has {ratio:.1f} times the samples of the smallest"
    if ratio < BALANCED:
        return {"ratio": ratio, "balance": "none", "monitor": "accuracy", "why": f"{facts}: balanced"}
    kind = "sqrt" if ratio > EXTREME else "inverse"
    return {
        "ratio": ratio,
        "balance": f"loss_weights balance.kind={kind}",
        "monitor": "balanced_accuracy",
        "why": f"{facts}, and always guessing the largest reaches accuracy {share:.2f}",
    }


def _rule(rule: str, need: int, have: float | None, facts: str) -> dict[str, Any]:
    return {
        "rule": rule,
        "have": have,
        "need": need,
        "met": None if have is None else bool(have >= need),
        "facts": facts,
    }
