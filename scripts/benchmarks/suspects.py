"""Labels of the 1,797 digits that are flipped on purpose, one in twenty: how many a ranking by suspicion finds.

By a linear model on the pixels, out of fold in five folds, as `audit.py suspects=true` does without a pretrained
network; three draws of flips, then the labels as they are.

  uv run scripts/benchmarks/suspects.py
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from groundwork.evaluate.baseline_models import SplitData, fit_baselines
from groundwork.evaluate.suspects.confident import likely_labels, wrong_share
from groundwork.evaluate.suspects.planted import measure_planted

NUM_FOLDS = 5
NAMES = [str(number) for number in range(10)]


def as_it_is(prediction: Any, target: Any, names: Any) -> Any:
    """Keep what a baseline predicts, where its metrics could be measured."""
    return prediction


def main() -> None:
    """Flip, predict out of fold, rank and print."""
    digits = load_digits()
    inputs, given = (digits.data / 16).astype(np.float32), digits.target
    fold = np.random.default_rng(1).integers(0, NUM_FOLDS, len(given))

    def predict(labels: NDArray[np.int64]) -> NDArray[np.float64]:
        prob = np.zeros((len(given), 10))
        for each in range(NUM_FOLDS):
            held = fold == each
            learned, judged = (SplitData(inputs[part], labels[part]) for part in (~held, held))
            found: Any = fit_baselines(
                "classification", learned, judged, NAMES, as_it_is, kind="image", categorical=[], only="linear"
            )  # fmt: skip
            prob[held] = found["linear"]
        return prob

    for seed in range(3):
        print(seed, measure_planted(given, 10, predict, seed=seed))
    prob = predict(given)
    likely = likely_labels(prob, given)
    print(
        f"as they are: {int(((likely >= 0) & (likely != given)).sum())} suspects, share {wrong_share(prob, given):.4f}"
    )


if __name__ == "__main__":
    main()
