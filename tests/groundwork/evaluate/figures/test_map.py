"""The map of a run's features: two projections against other formulas."""

import numpy as np
import pytest

from groundwork.evaluate.figures.map import project


def blobs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(3), 15)
    features = rng.normal(size=(45, 6)) + 12 * np.eye(6)[label]
    features[:, 5] = 4.0  # a constant column is no reason to stop
    return features * [1, 10, 0.1, 1, 1, 1], label


def test_main_components_are_those_of_the_standardized_features():
    features, _ = blobs()
    found = project(features, 30.0)[["pca_1", "pca_2"]].to_numpy()
    spread = np.where(features.std(axis=0) > 0, features.std(axis=0), 1)
    left, values, _ = np.linalg.svd((features - features.mean(axis=0)) / spread, full_matrices=False)
    assert np.abs(found) == pytest.approx(np.abs(left[:, :2] * values[:2]), abs=1e-9)


def test_neighbors_in_tsne_are_of_one_blob_and_seeds_are_fixed():
    features, label = blobs()
    found = project(features, 30.0)
    assert found.equals(project(features, 30.0))
    at = found[["tsne_1", "tsne_2"]].to_numpy()
    apart = np.linalg.norm(at[:, None] - at[None], axis=2) + np.diag(np.full(45, np.inf))
    assert (label[apart.argmin(axis=1)] == label).all()


def test_one_feature_and_a_handful_of_rows_still_have_a_place():
    assert np.isfinite(project(np.arange(5.0)[:, None], 30.0).to_numpy()).all()
