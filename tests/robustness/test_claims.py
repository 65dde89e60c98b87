"""The short form of claims.py: a few cells, few replications, the same limits."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import numpy as np
import pytest

from groundwork.core.paths import ROOT


@pytest.fixture(scope="module")
def claims() -> ModuleType:
    spec = spec_from_file_location("claims", ROOT / "tests" / "robustness" / "claims.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("n", "shape", "num_classes"), [(100, 0.05, 2), (60, "zipf", 10)])
def test_intervals_of_decisions_cover(claims, n, shape, num_classes):
    counts, pull = claims.class_counts(n, num_classes, shape), np.full(num_classes, 1.5)
    truth, shown = claims.true_classes(counts, pull), ["accuracy", "balanced_accuracy", "auroc"]
    found = claims.cover(lambda rng: claims.draw_classes(rng, counts, pull), truth, shown, 60, resamples=2)
    assert set(found) == set(shown)
    assert not [name for name, (share, _, _) in found.items() if claims.broken(share, 60, 0.93)]


def test_the_interval_of_an_absolute_error_covers_heavy_tails(claims):
    large = claims.draw_values(np.random.default_rng(0), 1_000_000, "t3")
    truth = {"mae": float(np.abs(large.targets[0].p - large.targets[0].y).mean())}
    found = claims.cover(lambda rng: claims.draw_values(rng, 100, "t3"), truth, ["mae"], 60, resamples=200)
    assert not claims.broken(found["mae"][0], 60, 0.92)
