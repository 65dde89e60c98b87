import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from groundwork.transfer import solve_softmax


def _data(num_rows: int, num_columns: int, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    features = rng.normal(2, rng.uniform(0.2, 5, num_columns), (num_rows, num_columns)).astype(np.float32)
    logits = ((features - 2) @ rng.normal(size=(num_columns, num_classes))) + rng.gumbel(
        scale=4, size=(num_rows, num_classes)
    )
    return features, logits.argmax(1)


@pytest.mark.parametrize("shape", [(200, 8, 2), (200, 8, 4), (50, 90, 3)])
def test_probabilities_and_coefficients_agree_with_scikit_learn(shape: tuple[int, int, int]):
    features, target = _data(*shape)
    scaler = StandardScaler().fit(features.astype(np.float64))
    rows = scaler.transform(features.astype(np.float64))
    rng = np.random.default_rng(4)
    class_weights = rng.uniform(0.5, 2, shape[2])
    strengths = [0.1, 30.0, 1.0]
    heads = solve_softmax(
        torch.tensor(features),
        torch.tensor(target),
        shape[2],
        strengths,
        class_weights=torch.tensor(class_weights),
        tolerance=1e-8,
    )
    for strength, head in zip(strengths, heads, strict=True):
        reference = LogisticRegression(
            C=1 / strength, class_weight=dict(enumerate(class_weights)), tol=1e-9, max_iter=10_000
        ).fit(rows, target)
        np.testing.assert_allclose(
            head(torch.tensor(features)).softmax(1), reference.predict_proba(rows), atol=2e-5
        )
        expected = (
            reference.coef_ if shape[2] > 2 else np.stack([-reference.coef_[0], reference.coef_[0]]) / 2
        )
        np.testing.assert_allclose(head.weight.numpy() * scaler.scale_, expected, atol=1e-4)


def test_a_class_without_samples_is_never_predicted():
    features, target = _data(100, 5, 3)
    target = torch.tensor(np.where(target == 1, 3, target))
    head = next(solve_softmax(torch.tensor(features), target, 5, [1.0]))
    probs = head(torch.tensor(features)).softmax(1)
    assert set(probs.argmax(1).tolist()) <= {0, 2, 3}
    assert probs[:, [1, 4]].max() < 0.05


def test_a_very_strong_penalty_leaves_the_class_frequencies():
    features, _ = _data(100, 5, 3)
    target = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)
    head = next(solve_softmax(torch.tensor(features), target, 3, [1e9], tolerance=1e-9))
    np.testing.assert_allclose(head(torch.tensor(features)).softmax(1)[0], [0.5, 0.3, 0.2], atol=1e-4)


def test_one_class_alone_is_refused():
    with pytest.raises(ValueError, match="two classes or more"):
        next(solve_softmax(torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64), 2, [1.0]))


def test_classes_of_no_weight_do_not_count():
    features, target = (torch.tensor(each) for each in _data(80, 4, 3))
    weights, kept = torch.tensor([1.0, 1.0, 0.0]), target < 2
    weighted = next(solve_softmax(features, target, 3, [5.0], weights, tolerance=1e-8))
    shorter = next(solve_softmax(features[kept], target[kept], 3, [5.0], tolerance=1e-8))
    np.testing.assert_allclose(weighted.weight, shorter.weight, atol=1e-5)
