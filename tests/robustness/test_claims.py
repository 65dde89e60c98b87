"""The short form of claims.py: a few cells, few replications, the same limits."""

import numpy as np
import pytest
from claims import broken, class_counts, cover, draw_classes, draw_values, true_classes


@pytest.mark.parametrize(("n", "shape", "num_classes"), [(100, 0.05, 2), (60, "zipf", 10)])
def test_intervals_of_decisions_cover(n, shape, num_classes):
    counts, pull = class_counts(n, num_classes, shape), np.full(num_classes, 1.5)
    truth, shown = true_classes(counts, pull), ["accuracy", "balanced_accuracy", "auroc"]
    found = cover(lambda rng: draw_classes(rng, counts, pull), truth, shown, 60, resamples=2)
    assert set(found) == set(shown)
    assert not [name for name, (share, _, _) in found.items() if broken(share, 60, 0.93)]


def test_the_interval_of_an_absolute_error_covers_heavy_tails():
    large = draw_values(np.random.default_rng(0), 1_000_000, "t3")
    truth = {"mae": float(np.abs(large.targets[0].p - large.targets[0].y).mean())}
    found = cover(lambda rng: draw_values(rng, 100, "t3"), truth, ["mae"], 60, resamples=200)
    assert not broken(found["mae"][0], 60, 0.92)
