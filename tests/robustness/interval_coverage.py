"""Count how often the 95 % interval of 1,000 simulated sets covers the true value.

uv run tests/robustness/interval_coverage.py
"""

import numpy as np

from groundwork.metrics import ClassificationScores, RegressionScores, bootstrap

SETS, SIZES, TRUTH_SIZE = 1_000, (60, 200, 500), 1_000_000
SHOWN = (
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "specificity", "auroc",
    "average_precision", "log_loss", "ece", "mse", "rmse", "mae", "r2", "pearson", "spearman",
)  # fmt: skip


def binary(rng, num_samples):
    """Draw two classes, 30 % positive, told apart by noisy logits."""
    target = (rng.random(num_samples) < 0.3).astype(int)
    logits = rng.normal(size=(num_samples, 2))
    logits[np.arange(num_samples), target] += 1.5
    prob = np.exp(logits)
    prob /= prob.sum(axis=1, keepdims=True)
    return ClassificationScores(prob, target, ("no", "yes"), top_k=(), positive="yes", threshold=None)


def ten_classes(rng, num_samples):
    """Draw ten equal classes."""
    target = rng.integers(0, 10, num_samples)
    logits = rng.normal(size=(num_samples, 10))
    logits[np.arange(num_samples), target] += 2
    prob = np.exp(logits)
    prob /= prob.sum(axis=1, keepdims=True)
    names = [str(k) for k in range(10)]
    return ClassificationScores(prob, target, names, top_k=(), positive=None, threshold=None)


def regression(rng, num_samples):
    """Draw a normal target, predicted with normal error."""
    target = rng.normal(size=num_samples)
    return RegressionScores(target + 0.5 * rng.normal(size=num_samples), target, ("y",))


def coverage(draw, num_samples):
    """Give the share of sets in which each metric's interval holds the truth, where it is defined."""
    true = draw(np.random.default_rng(1), TRUTH_SIZE).at(np.ones((TRUTH_SIZE, 1)))
    inside = {name: [] for name in SHOWN if name in true}
    rng = np.random.default_rng(2)
    for seed in range(SETS):
        found = bootstrap(draw(rng, num_samples), seed=seed)
        for name, hits in inside.items():
            if not np.isnan(found[name]["value"]):
                hits.append(found[name]["low"] <= true[name][0] <= found[name]["high"])
    return {name: np.mean(hits) for name, hits in inside.items()}


def main():
    for draw in (binary, ten_classes, regression):
        columns = [coverage(draw, num_samples) for num_samples in SIZES]
        print(f"\n{draw.__name__:20}" + "".join(f"{f'n={size}':>8}" for size in SIZES))
        for name in columns[0]:
            print(f"{name:20}" + "".join(f"{100 * column[name]:7.1f}%" for column in columns), flush=True)


if __name__ == "__main__":
    main()
