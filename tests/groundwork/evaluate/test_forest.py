"""Gradient boosting as plain arrays predicts what scikit-learn predicts, through a file, for rows it never saw."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from groundwork.evaluate.forest import Forest


def table(seed: int, rows: int = 400):
    """Draw numbers with gaps, and codes of categories among them, in the middle and at the end."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 5))
    inputs[:, 1], inputs[:, 4] = rng.integers(0, 9, rows), rng.integers(2, 40, rows)
    inputs[rng.random((rows, 5)) < [0.2, 0, 0, 0.1, 0]] = np.nan
    value = np.nan_to_num(inputs[:, 0]) + (inputs[:, 1] % 3) - (inputs[:, 4] % 5 == 0) * inputs[:, 2]
    return inputs, value


def unseen(seed: int = 9):
    inputs, _ = table(seed, 300)
    inputs[::7, 1], inputs[::11, 4], inputs[::5, 2] = 30, 77, 1e9
    inputs[::13, 1], inputs[::17, 3] = np.nan, 1e300  # no whole number that a computer holds
    return inputs


def reread(forest: Forest, place: Path) -> Forest:
    forest.save(place / "forest.npz")
    return Forest.load(place / "forest.npz")


@pytest.mark.parametrize("categorical", [None, [1], [1, 4]])
def test_values_of_two_targets(categorical: list[int] | None, tmp_path: Path):
    inputs, value = table(0)
    models = [
        HistGradientBoostingRegressor(max_iter=30, categorical_features=categorical).fit(inputs, target)
        for target in (value, -3 * value + 1)
    ]
    forest = reread(Forest.of(models, [[0], [2]], np.array([0.0, 7.0, 0.0]), "identity"), tmp_path)
    found = forest.predict(unseen())
    for column, model in zip((0, 2), models, strict=True):
        assert found[:, column] == pytest.approx(model.predict(unseen()), rel=1e-12, abs=1e-12)
    assert np.all(found[:, 1] == 7.0)


@pytest.mark.parametrize("classes", [2, 4])
def test_probabilities_of_the_classes_that_train_holds(classes: int, tmp_path: Path):
    inputs, value = table(1)
    target = np.digitize(value, np.quantile(value, np.linspace(0, 1, classes + 1)[1:-1]))
    model = HistGradientBoostingClassifier(max_iter=20, categorical_features=[1, 4]).fit(inputs, target)
    present = list(range(1, classes + 1))  # the first class never occurs
    forest = reread(Forest.of([model], [present], np.zeros(classes + 1), "softmax"), tmp_path)
    found = forest.predict(unseen())
    assert found[:, 1:] == pytest.approx(model.predict_proba(unseen()), rel=1e-10, abs=1e-12)
    assert np.all(found[:, 0] == 0)


def test_each_label_by_a_model_of_its_own(tmp_path: Path):
    inputs, value = table(2)
    models = [
        HistGradientBoostingClassifier(max_iter=10).fit(inputs, target) for target in (value > 0, value > 1)
    ]
    found = reread(Forest.of(models, [[2], [0]], np.full(3, 0.25), "sigmoid"), tmp_path).predict(unseen())
    for column, model in zip((2, 0), models, strict=True):
        assert found[:, column] == pytest.approx(model.predict_proba(unseen())[:, 1], rel=1e-10)
    assert np.all(found[:, 1] == 0.25)


def test_a_file_that_would_run_code_or_never_end_is_not_read(tmp_path: Path):
    inputs, value = table(3)
    model = HistGradientBoostingRegressor(max_iter=2).fit(inputs, value)
    forest = Forest.of([model], [[0]], np.zeros(1), "identity")
    forest.save(tmp_path / "forest.npz")
    arrays = dict(np.load(tmp_path / "forest.npz"))
    np.savez(tmp_path / "object.npz", **arrays | {"value": np.array([print], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        Forest.load(tmp_path / "object.npz")
    np.savez(tmp_path / "circle.npz", **arrays | {"left": np.zeros_like(arrays["left"])})
    with pytest.raises(ValueError, match="tree"):
        Forest.load(tmp_path / "circle.npz")
