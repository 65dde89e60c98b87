import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from groundwork.transfer.logistic import solve_labels
from groundwork.transfer.solve import head_loss, solve_head


def problem(seed=0, rows=90, width=7, labels=3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, width)) * rng.uniform(0.1, 5, width) + 3
    logits = (features - 3) @ rng.normal(size=(width, labels)) * 0.5 + [-2, 0, 1][:labels]
    return features, (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)


def reference(features, own, strength, pos_weight=1.0):
    """Solve one label by scikit-learn, on features standardized by all rows."""
    scaler, known = StandardScaler().fit(features), ~np.isnan(own)
    model = LogisticRegression(C=1 / strength, tol=1e-10, max_iter=5000, class_weight={0: 1.0, 1: pos_weight})
    model.fit(scaler.transform(features[known]), own[known])
    return model.decision_function(scaler.transform(features))


@pytest.mark.parametrize("pos_weight", [None, [4.0, 1.0, 0.5]])
@pytest.mark.parametrize("known", [1.0, 0.7])
def test_each_label_is_the_logistic_regression_of_scikit_learn(known, pos_weight):
    features, target = problem()
    target[np.random.default_rng(1).random(target.shape) > known] = np.nan
    inputs = torch.tensor(features), torch.tensor(target)
    weight = None if pos_weight is None else torch.tensor(pos_weight)
    for strength, head in zip(
        (10.0, 0.5), solve_labels(*inputs, (10.0, 0.5), weight, tolerance=1e-8), strict=True
    ):
        found = head(torch.tensor(features).float()).numpy()
        for label in range(3):
            expected = reference(features, target[:, label], strength, (pos_weight or [1.0] * 3)[label])
            np.testing.assert_allclose(found[:, label], expected, atol=2e-4)


def test_a_label_that_all_rows_agree_on_has_a_constant_logit_and_harms_no_other():
    features, target = problem()
    target[:, 1], target[:, 2] = 1, np.nan
    target[:3, 2] = 0
    (head,) = solve_labels(torch.tensor(features), torch.tensor(target), [1.0], tolerance=1e-8)
    found = head(torch.tensor(features).float()).numpy()
    np.testing.assert_allclose(found[:, 0], reference(features, target[:, 0], 1.0), atol=2e-4)
    np.testing.assert_allclose(found[:, 1], np.log(91), atol=1e-4)
    np.testing.assert_allclose(found[:, 2], -np.log(91), atol=1e-4)


def test_the_loss_of_a_head_is_the_mean_over_what_is_known():
    features, target = problem(rows=30)
    target[4] = np.nan
    target[5, 1] = np.nan
    (head,) = solve_head(torch.tensor(features), torch.tensor(target), 3, [1.0], labels=True)
    output = head(torch.tensor(features).float())
    prob, known = output.double().sigmoid().numpy(), ~np.isnan(target)
    each = -np.where(target == 1, np.log(prob), np.log(1 - prob))
    mean = np.mean([each[row, known[row]].mean() for row in range(30) if row != 4])
    assert head_loss(output, torch.tensor(target), labels=True) == pytest.approx(mean, rel=1e-5)


def test_strengths_must_be_positive():
    with pytest.raises(ValueError, match="above 0"):
        next(solve_labels(torch.ones(2, 1), torch.ones(2, 2), [0.0]))
