from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from groundwork.report.figures.ranking import curve, draw, one_against_rest
from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Classified


@pytest.mark.parametrize("decimals", [1, 8])
def test_curves_equal_scikit_learn_with_and_without_ties(decimals: int) -> None:
    rng = np.random.default_rng(3)
    positive = rng.random(120) < 0.3
    score = np.round(rng.random(120) + 0.3 * positive, decimals)
    found = curve(positive, score)
    fpr, tpr, _ = roc_curve(positive, score, drop_intermediate=False)
    np.testing.assert_allclose(found.fpr, fpr)
    np.testing.assert_allclose(found.recall, tpr)
    assert np.trapezoid(found.recall, found.fpr) == pytest.approx(roc_auc_score(positive, score))
    precision, recall, _ = precision_recall_curve(positive, score)
    np.testing.assert_allclose(found.precision, precision[::-1])
    np.testing.assert_allclose(found.recall, recall[::-1])


def test_binary_problems_have_one_curve_for_the_last_class() -> None:
    prob = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    found = Classified(
        np.arange(3).astype(object), np.array([0, 1, 1]), prob.argmax(axis=1), prob, ["no", "yes"]
    )
    assert list(one_against_rest(found)) == ["yes"]


def test_classes_without_samples_have_no_curve() -> None:
    prob = np.full((4, 3), 1 / 3)
    found = Classified(
        np.arange(4).astype(object), np.array([0, 0, 1, 1]), np.zeros(4, int), prob, list("abc")
    )
    assert list(one_against_rest(found)) == ["a", "b"]


@pytest.mark.parametrize(("num_classes", "rows"), [(2, None), (5, None), (14, 101), (81, 101)])
def test_many_classes_are_drawn_as_mean_and_spread(
    write_classification: Callable[..., Path], num_classes: int, rows: int | None
) -> None:
    (drawing,) = draw(ReportedRun(write_classification(num_classes=num_classes)))
    assert ("class" in drawing.numbers.columns) == (rows is None)
    if rows is not None:
        assert len(drawing.numbers) == rows
        assert (drawing.numbers["precision_low"] <= drawing.numbers["precision_high"]).all()


def test_one_class_present_has_no_curve(write_classification: Callable[..., Path]) -> None:
    assert draw(ReportedRun(write_classification(num_val=1))) == []
