import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from groundwork.data.balance import LossWeights, NoBalance, Oversample, Undersample
from groundwork.evaluate.baseline_models import SplitData, fit_baselines
from groundwork.evaluate.baselines import class_balance
from groundwork.metrics import ClassificationMetrics, RegressionMetrics

CLASSES = ClassificationMetrics(
    monitor="accuracy", resamples=10, extra={}, top_k=(), positive=None, threshold=None
)
VALUES = RegressionMetrics(monitor="rmse", resamples=10, extra={})


def parts(inputs, target, at=200, balance=None):
    weight = class_balance(balance, target[:at])
    return SplitData(inputs[:at], target[:at], weight), SplitData(inputs[at:], target[at:])


def fit(task, inputs, target, names, kind="table", categorical=(), at=200, balance=None):
    metrics = CLASSES if task == "classification" else VALUES
    train, val = parts(inputs, target, at, balance)
    found = fit_baselines(task, train, val, names, kind=kind, categorical=categorical)
    return {name: metrics(one.prediction, val.target, names) for name, one in found.items()}


def numbers(seed=0, columns=4):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(300, columns))
    return inputs, inputs[:, 0] - 2 * inputs[:, 1] + 0.1 * rng.normal(size=300)


def test_the_majority_class_and_its_share_as_probability():
    inputs, value = numbers()
    target = np.where(value > 1, 0, 2)  # class 1 never occurs
    found = fit("classification", inputs, target, ("a", "b", "c"))["majority"]
    share = np.bincount(target[:200], minlength=3) / 200
    assert found["accuracy"] == np.mean(target[200:] == 2)
    assert found["balanced_accuracy"] == 0.5
    assert found["log_loss"] == pytest.approx(-np.log(share[target[200:]]).mean())


def rare(share=0.05):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(3000, 4))
    value = inputs[:, 0] + 0.5 * inputs[:, 1] + 2 * rng.normal(size=3000)
    return inputs, (value > np.quantile(value, 1 - share)).astype(int)


def test_baselines_get_the_weights_that_the_model_gets():
    inputs, target = rare()
    kept = {"categorical": (), "at": 2000}
    plain = fit("classification", inputs, target, ("no", "yes"), **kept)
    found = fit("classification", inputs, target, ("no", "yes"), balance=LossWeights("inverse", 0.9), **kept)
    scaler = StandardScaler().fit(inputs[:2000])
    weight = class_balance(LossWeights("inverse", 0.9), target[:2000])
    expected = by_folds().fit(scaler.transform(inputs[:2000]), target[:2000], sample_weight=weight)
    recall = balanced_accuracy_score(target[2000:], expected.predict(scaler.transform(inputs[2000:])))
    assert found["linear"]["balanced_accuracy"] == pytest.approx(recall)
    assert plain["linear"]["balanced_accuracy"] < 0.52 < 0.64 < recall
    boosting = HistGradientBoostingClassifier(
        class_weight="balanced", max_iter=250, learning_rate=0.1, random_state=0, early_stopping=True
    )
    boosting.fit(inputs[:2000], target[:2000])
    assert found["gradient_boosting"]["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(target[2000:], boosting.predict(inputs[2000:]))
    )
    assert found["majority"] == pytest.approx(plain["majority"], nan_ok=True)


@pytest.mark.parametrize("balance", [Oversample(), Undersample(), LossWeights("sqrt", 0.9), NoBalance()])
def test_the_weight_of_a_class_is_what_an_epoch_counts_of_it(balance):
    _, target = rare()
    weight = class_balance(balance, target)
    if type(balance) is NoBalance:
        assert weight is None
    elif balance.resamples:
        drawn = np.bincount(target[balance.rows(target, 0, 0)])
        assert np.bincount(target, weights=weight) == pytest.approx(drawn)
    else:
        assert weight == pytest.approx(balance.class_weights(np.bincount(target))[target])


def test_the_mean_of_train_has_the_error_of_the_spread():
    inputs, value = numbers()
    found = fit("regression", inputs, value[:, None], ("y",))["mean"]
    assert found["mse"] == pytest.approx(np.mean((value[200:] - value[:200].mean()) ** 2))
    assert np.isnan(found["pearson"])


def by_folds():
    return GridSearchCV(LogisticRegression(), {"C": np.logspace(-3, 2, 6)}, scoring="neg_log_loss", cv=3)


def test_the_linear_model_of_classes_is_logistic_regression_on_scaled_columns():
    inputs, value = numbers()
    target = (value > 0).astype(int)
    scaler = StandardScaler().fit(inputs[:200])
    for kind, model in (("table", by_folds()), ("image", LogisticRegression())):
        expected = model.fit(scaler.transform(inputs[:200]), target[:200])
        prob = expected.predict_proba(scaler.transform(inputs[200:]))
        found = fit("classification", inputs, target, ("a", "b"), kind=kind)["linear"]
        assert found["log_loss"] == pytest.approx(log_loss(target[200:], prob))


def test_a_class_of_one_row_leaves_the_strength_as_it_is():
    inputs, value = numbers()
    target = (value > 0).astype(int)
    target[0] = 2
    assert fit("classification", inputs, target, ("a", "b", "c"))["linear"]["accuracy"] > 0.9


def test_gradient_boosting_of_values_stops_early_where_there_are_rows_enough():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(1300, 3))
    value = inputs[:, 0] + rng.normal(size=1300)
    expected = HistGradientBoostingRegressor(max_iter=500, early_stopping=True, random_state=0)
    expected.fit(inputs[:1000], value[:1000])
    assert expected.n_iter_ < 100
    found = fit("regression", inputs, value[:, None], ("y",), at=1000)["gradient_boosting"]
    assert found["r2"] == pytest.approx(expected.score(inputs[1000:], value[1000:]))


def test_the_linear_model_of_values_is_ridge_regression():
    inputs, value = numbers()
    scaler = StandardScaler().fit(inputs[:200])
    expected = RidgeCV(np.logspace(-2, 4, 7)).fit(scaler.transform(inputs[:200]), value[:200])
    r2 = expected.score(scaler.transform(inputs[200:]), value[200:])
    assert fit("regression", inputs, value[:, None], ("y",))["linear"]["r2"] == pytest.approx(r2, abs=1e-4)


def test_a_category_is_no_number_and_unseen_or_missing_ones_break_nothing():
    rng = np.random.default_rng(0)
    code = rng.integers(2, 8, 300)
    value = np.array([0, 0, 5.0, -5, 5, -5, 5, -5])[code][:, None]
    inputs = np.stack([code, rng.normal(size=300)], axis=1).astype(float)
    inputs[250, 0], inputs[251, 0], inputs[5:9, 1] = 0, 1, np.nan
    found = fit("regression", inputs, value, ("y",), categorical=(0,))
    assert found["linear"]["r2"] > 0.9
    assert found["gradient_boosting"]["r2"] > 0.9
    assert fit("regression", inputs, value, ("y",))["linear"]["r2"] < 0.2


def test_gradient_boosting_bends_where_a_line_cannot():
    inputs, _ = numbers()
    target = (inputs[:, 0] * inputs[:, 1] > 0).astype(int)
    found = fit("classification", inputs, target, ("a", "b"))
    assert found["gradient_boosting"]["accuracy"] > found["linear"]["accuracy"] + 0.2


def test_images_get_no_gradient_boosting():
    inputs, value = numbers()
    assert set(fit("regression", inputs, value[:, None], ("y",), kind="image")) == {"mean", "linear"}


def test_val_changes_nothing_that_is_fitted():
    inputs, value = numbers()
    shifted = inputs.copy()
    shifted[201:] += 1e6
    seen = []
    for columns in (inputs, shifted):
        train, val = parts(columns, value[:, None])
        found = fit_baselines("regression", train, val, ("y",), kind="table", categorical=())
        seen += [one.prediction[0] for one in found.values()]
    assert np.array_equal(seen[:3], seen[3:])


def test_the_same_rows_give_the_same_numbers():
    inputs, value = numbers()
    target = (value > 0).astype(int)
    first, again = (fit("classification", inputs, target, ("a", "b")) for _ in range(2))
    for name, metrics in first.items():
        assert metrics == pytest.approx(again[name], rel=0, abs=0, nan_ok=True)


def test_missing_targets_are_left_out_per_target():
    inputs, value = numbers()
    target = np.stack([value, -value], axis=1).astype(np.float32)
    target[::3, 0], target[1::3, 1] = np.nan, np.nan
    found = fit("regression", inputs, target, ("u", "v"))["linear"]
    assert min(found["r2/u"], found["r2/v"]) > 0.99


def test_columns_without_a_value_or_with_infinite_ones_break_nothing():
    inputs, value = numbers()
    inputs[:, 2], inputs[0, 3] = np.nan, np.inf
    found = fit("regression", inputs, value[:, None], ("y",))
    assert min(found["linear"]["r2"], found["gradient_boosting"]["r2"]) > 0.8


def test_a_training_set_of_one_class_falls_back_to_its_shares():
    inputs, _ = numbers()
    target = np.r_[np.zeros(200, int), np.ones(100, int)]
    found = fit("classification", inputs, target, ("a", "b"))
    assert found["linear"] == pytest.approx(found["majority"], nan_ok=True)


def test_a_category_with_thousands_of_values_breaks_nothing():
    rng = np.random.default_rng(0)
    inputs = rng.integers(2, 2000, (3000, 1)).astype(float)
    target = (inputs[:, 0] > 1000).astype(int)
    found = fit("classification", inputs, target, ("a", "b"), categorical=(0,), at=2500)
    assert found["gradient_boosting"]["accuracy"] > 0.9


def test_too_many_rows_are_thinned_out_the_same_way_each_time(monkeypatch):
    monkeypatch.setattr("groundwork.evaluate.baseline_models.MAX_CELLS", 4000)
    rng = np.random.default_rng(0)
    inputs, noise = rng.normal(size=(1600, 4)), rng.normal(size=(1600, 1))
    target = inputs[:, :1] + noise
    found = [fit("regression", inputs, target, ("y",), kind="image", at=1500) for _ in range(2)]
    assert found[0]["linear"] == found[1]["linear"]
    monkeypatch.undo()
    every_row = fit("regression", inputs, target, ("y",), kind="image", at=1500)
    assert every_row["mean"]["mse"] == found[0]["mean"]["mse"]
    assert every_row["linear"]["mse"] != found[0]["linear"]["mse"]


@pytest.mark.filterwarnings("error")
def test_more_columns_than_rows_break_nothing():
    inputs, value = numbers(columns=400)
    found = fit("regression", inputs, value[:, None], ("y",))
    assert found["linear"]["r2"] > 0
    assert found["gradient_boosting"]["r2"] > 0.5


def test_each_label_has_models_of_its_own_on_the_rows_that_know_it():
    inputs, value = numbers()
    target = np.stack([value > 0, value > 1, np.ones(300)], axis=1).astype(float)
    target[:50, 1] = np.nan
    weight = np.where(target == 1, 3.0, 1.0)[:200]
    train, val = SplitData(inputs[:200], target[:200], weight), SplitData(inputs[200:], target[200:])
    found = fit_baselines("multilabel", train, val, ("a", "b", "c"), kind="image", categorical=())
    assert list(found) == ["majority", "linear"]
    majority, linear = (one.prediction for one in found.values())
    np.testing.assert_allclose(majority, np.tile(np.nanmean(target[:200], axis=0), (100, 1)))
    scaler = StandardScaler().fit(inputs[50:200])
    model = LogisticRegression().fit(scaler.transform(inputs[50:200]), target[50:200, 1], weight[50:200, 1])
    np.testing.assert_allclose(
        linear[:, 1], model.predict_proba(scaler.transform(inputs[200:]))[:, 1], atol=1e-5
    )
    assert (linear[:, 2] == 1).all()
