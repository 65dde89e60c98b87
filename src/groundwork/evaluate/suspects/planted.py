"""Labels changed on purpose -> how many wrong labels a ranking finds, and how many rows one must look at for them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.evaluate.suspects.confident import Labels, Probs, likely_labels, rank
from groundwork.metrics.share import wilson

RATE = 0.05  # of labels that are changed
LOOKED = 0.10  # of the ranking
WANTED = (0.5, 0.8, 0.9, 0.95)  # shares of the wrong labels, for the cost of finding them


def plant(given: Labels, num_classes: int, rate: float, seed: int) -> tuple[Labels, NDArray[np.bool_]]:
    """Change a share of the labels to another class that occurs, drawn evenly; a class keeps one sample or more.

    Returns:
        (N,) labels, and (N,) True where they were changed.
    """
    rng = np.random.default_rng(seed)
    present = np.unique(given)
    number = max(1, round(rate * len(given)))
    labels, left = given.copy(), np.bincount(given, minlength=num_classes)
    changed = np.zeros(len(given), dtype=bool)
    for row in rng.permutation(len(given)):
        if changed.sum() == number:
            break
        if left[given[row]] > 1:
            left[given[row]] -= 1
            labels[row] = rng.choice(present[present != given[row]])
            changed[row] = True
    return labels, changed


def measure_planted(given: Labels, num_classes: int, predict: Callable[[Labels], Probs]) -> dict[str, Any]:
    """Plant wrong labels, predict out of fold by models that learned from them, and see how many are found.

    Args:
        given: (N,) labels.
        predict: Labels (N,) -> out-of-fold probabilities (N, K) of models that learned from these labels.

    Returns:
        rate; planted (their number); recall_listed (of those that are suspects) and recall_first (of those among the
        first tenth of the ranking), each with value, low and high; cost: share to find -> rows to look at.
    """
    labels, changed = plant(given, num_classes, RATE, seed=0)
    prob = predict(labels)
    order = rank(prob, labels)
    likely = likely_labels(prob, labels)
    listed = (likely >= 0) & (likely != labels)
    found = np.flatnonzero(changed[order]) + 1  # rows looked at until each of them is met
    first = max(1, round(LOOKED * len(given)))
    return {
        "rate": RATE,
        "planted": int(changed.sum()),
        "recall_listed": _share(int((listed & changed).sum()), int(changed.sum())),
        "recall_first": {"share": LOOKED, "rows": first, **_share(int((found <= first).sum()), len(found))},
        "cost": {f"{share:g}": int(found[int(np.ceil(share * len(found))) - 1]) for share in WANTED},
    }


def _share(hits: int, trials: int) -> dict[str, float]:
    low, high = wilson(hits, trials, 0.95)
    return {"value": hits / trials, "low": float(low), "high": float(high)}
