"""Every metric against scikit-learn, scipy or a plain loop, on random and degenerate cases."""

import warnings

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn import metrics as reference

from groundwork.metrics import classification_metrics, regression_metrics

FAST, REST = range(120), range(120, 1000)
CASES = pytest.mark.parametrize(
    "seeds", [FAST, pytest.param(REST, marks=pytest.mark.slow)], ids=["120", "880 more"]
)


def classification_case(seed):
    """Draw (prob, target, positive): any size from one sample, classes absent, ties, all of one class."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.choice([1, 2, 3, 7, 30, 150])), int(rng.integers(2, 8))
    drawn = rng.choice(k, size=int(rng.integers(1, k + 1)), replace=False)
    target = rng.choice(drawn, size=n)
    prob = rng.dirichlet(np.ones(k), size=n)
    prob[np.arange(n), target] += rng.choice([0.0, 0.5])
    style = rng.choice(["plain", "tied", "constant", "certain", "float32"])
    if style == "tied":
        prob = np.round(prob * 4) + 1
    elif style == "constant":
        prob[:] = rng.dirichlet(np.ones(k))
    elif style == "certain":
        prob = (prob == prob.max(axis=1, keepdims=True)).astype(float)
    prob /= prob.sum(axis=1, keepdims=True)
    return prob.astype(np.float32 if style == "float32" else np.float64), target, rng.random() < 0.5


def mean_of_defined(values):
    values = [value for value in values if not np.isnan(value)]
    return np.mean(values) if values else np.nan


def classification_reference(prob, target, positive):
    k, labels = prob.shape[1], range(prob.shape[1])
    present = np.unique(target).tolist()
    decision = prob.argmax(axis=1)

    def prf(average, labels, nothing=0.0):  # a class that is never called has precision 0 in a mean
        values = reference.precision_recall_fscore_support(
            target, decision, average=average, labels=list(labels), zero_division=nothing
        )
        return dict(zip(("precision", "recall", "f1"), values, strict=False))

    per_class = prf(None, labels, np.nan)
    matrices = reference.multilabel_confusion_matrix(target, decision, labels=list(labels))
    with np.errstate(invalid="ignore"):  # where every sample is of the class there is no rate
        per_class["specificity"] = matrices[:, 0, 0] / matrices[:, 0].sum(axis=1)
    per_class["fpr"] = [1 - value for value in per_class["specificity"]]
    found = {f"{name}/{c}": values[c] for name, values in per_class.items() for c in labels}
    macro = prf("macro", present)
    macro |= {name: mean_of_defined([per_class[name][c] for c in present]) for name in ("specificity", "fpr")}
    if positive:
        found |= {name: values[1] for name, values in per_class.items()}
        found |= {f"{name}_macro": value for name, value in macro.items()}
    else:
        found |= macro
    found |= {f"{name}_weighted": value for name, value in prf("weighted", present).items()}
    found |= {f"{name}_micro": value for name, value in prf("micro", labels).items()}
    found["accuracy"] = reference.accuracy_score(target, decision)
    found["balanced_accuracy"] = reference.balanced_accuracy_score(target, decision)
    found["log_loss"] = reference.log_loss(target, prob, labels=list(labels))
    ranked = [1] if positive else present
    both = [c for c in ranked if 0 < (target == c).sum() < len(target)]
    found["auroc"] = mean_of_defined([reference.roc_auc_score(target == c, prob[:, c]) for c in both])
    some = [c for c in ranked if (target == c).any()]
    precision = [reference.average_precision_score(target == c, prob[:, c]) for c in some]
    found["average_precision"] = mean_of_defined(precision)
    found["ece"] = calibration_error(prob, target)
    for top in (2, 3, 5):
        if top < k:
            order = [sorted(labels, key=lambda c: (-row[c], c))[:top] for row in prob]
            found[f"top_{top}_accuracy"] = np.mean(
                [t in first for t, first in zip(target, order, strict=True)]
            )
    return found


def calibration_error(prob, target):
    confidence, hit = prob.max(axis=1).astype(float), prob.argmax(axis=1) == target
    error = 0.0
    for low, high in zip(np.linspace(0, 1, 16)[:-1], np.linspace(0, 1, 16)[1:], strict=True):
        inside = (confidence > low) & (confidence <= high)
        if high == 1.0:
            inside |= confidence > high  # a float32 row may sum to a little more than 1
        if inside.any():
            error += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    return error


def assert_same(found, expected, seed):
    assert set(found) - {"ece_debiased"} == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-6, rel=1e-6, nan_ok=True), (seed, name)


@CASES
def test_classification_equals_scikit_learn(seeds):
    for seed in seeds:
        prob, target, wants_positive = classification_case(seed)
        positive = "1" if wants_positive and prob.shape[1] == 2 else None
        classes = [str(k) for k in range(prob.shape[1])]
        found = classification_metrics(prob, target, classes, top_k=(2, 3, 5), positive=positive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns of what the degenerate cases are there for
            expected = classification_reference(prob, target, positive)
        assert_same(found, expected, seed)


def regression_case(seed):
    """Draw (prediction, target): one or three targets, missing values, ties, constants, any scale."""
    rng = np.random.default_rng(seed)
    n, t = int(rng.choice([1, 2, 3, 7, 30, 150])), int(rng.choice([1, 3]))
    scale, offset = rng.choice([1e-3, 1.0, 1e4]), rng.choice([0.0, 1e5])
    target = rng.normal(size=(n, t)) * scale + offset
    prediction = target + rng.normal(size=(n, t)) * scale * rng.choice([0.1, 2.0])
    style = rng.choice(["plain", "tied", "constant target", "constant prediction", "missing"])
    if style == "tied":
        prediction, target = np.round(prediction / scale) * scale, np.round(target / scale) * scale
    elif style == "constant target":
        target[:] = target[0]
    elif style == "constant prediction":
        prediction[:] = prediction[0]
    elif style == "missing":
        target[rng.random((n, t)) < 0.3] = np.nan
    return prediction, target


def regression_reference(prediction, target):
    p, y = prediction[~np.isnan(target)], target[~np.isnan(target)]
    if not len(y):
        return dict.fromkeys(("mse", "rmse", "mae", "r2", "pearson", "spearman"), np.nan)
    # Of a constant target scikit-learn divides by what rounding leaves of its mean; here r2 is undefined.
    r2 = reference.r2_score(y, p) if np.ptp(y) > 0 else np.nan
    return {
        "mse": reference.mean_squared_error(y, p),
        "rmse": reference.root_mean_squared_error(y, p),
        "mae": reference.mean_absolute_error(y, p),
        "r2": r2,
        "pearson": pearsonr(y, p)[0] if len(y) > 1 else np.nan,
        "spearman": spearmanr(y, p)[0] if len(y) > 1 else np.nan,
    }


@CASES
def test_regression_equals_scikit_learn_and_scipy(seeds):
    for seed in seeds:
        prediction, target = regression_case(seed)
        names = [f"t{t}" for t in range(target.shape[1])]
        found = regression_metrics(prediction, target, names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            single = [regression_reference(p, y) for p, y in zip(prediction.T, target.T, strict=True)]
        if len(names) == 1:
            expected = single[0]
        else:
            expected = {name: mean_of_defined([one[name] for one in single]) for name in single[0]}
            expected["rmse"] = np.sqrt(expected["mse"])
            for name, one in zip(names, single, strict=True):
                expected |= {f"{metric}/{name}": value for metric, value in one.items()}
        assert_same(found, expected, seed)
