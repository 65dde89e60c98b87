from math import isnan, nan

import numpy as np
import pytest

from groundwork.metrics import confusion_matrix
from groundwork.metrics.counts import count_metrics, ratio


def from_confusion(cells, classes, positive=None):
    cells = np.asarray(cells, float)
    return count_metrics(np.diag(cells), cells.sum(axis=1), cells.sum(axis=0), classes, positive)


def test_the_95_to_5_example_with_always_a():
    # COURSE (a): 95 A and 5 B, A always predicted; rows are the truth.
    found = from_confusion([[95, 0], [5, 0]], ("A", "B"))
    assert found["accuracy"] == 0.95
    assert found["balanced_accuracy"] == 0.5
    assert isnan(found["precision/B"])
    assert found["precision"] == pytest.approx(0.95 / 2)  # B was never called, which does not pay
    assert (found["recall/B"], found["f1/B"], found["specificity/B"], found["fpr/B"]) == (0, 0, 1, 0)
    assert (found["precision/A"], found["recall/A"]) == (0.95, 1)
    assert (found["specificity/A"], found["fpr/A"]) == (0, 1)
    assert found["f1/A"] == pytest.approx(190 / 195)


@pytest.mark.parametrize(("positive", "f1", "precision"), [(1, 0.0, nan), (0, 190 / 195, 0.95)])
def test_a_positive_class_leads_and_the_macro_average_keeps_its_own_name(positive, f1, precision):
    found = from_confusion([[95, 0], [5, 0]], ("A", "B"), positive)
    assert found["f1"] == pytest.approx(f1)
    assert found["precision"] == pytest.approx(precision, nan_ok=True)
    assert found["f1_macro"] == pytest.approx(95 / 195)
    assert found["balanced_accuracy"] == 0.5


def test_the_table_printed_on_the_slide_gives_what_it_says():
    found = from_confusion([[95, 0], [5, 95]], ("A", "B"), 0)
    assert found["accuracy"] == pytest.approx(190 / 195)
    assert found["balanced_accuracy"] == pytest.approx(0.975)


def test_an_absent_class_does_not_enter_the_averages():
    # Class C never occurs but is predicted twice: its recall is undefined, its precision 0.
    found = from_confusion([[3, 0, 1], [1, 4, 1], [0, 0, 0]], ("A", "B", "C"))
    assert found["balanced_accuracy"] == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert isnan(found["recall/C"])
    assert found["precision/C"] == 0
    assert found["precision"] == pytest.approx((3 / 4 + 4 / 4) / 2)
    assert found["f1_weighted"] == pytest.approx((4 * 6 / 8 + 6 * 8 / 10) / 10)


def test_many_tables_at_once_give_what_each_gives_alone():
    cells = np.random.default_rng(0).integers(0, 9, (5, 3, 3)).astype(float)
    diagonal = np.diagonal(cells, axis1=1, axis2=2)
    together = count_metrics(diagonal, cells.sum(2), cells.sum(1), ("a", "b", "c"), None)
    for row, one in enumerate(cells):
        for name, value in from_confusion(one, ("a", "b", "c")).items():
            assert together[name][row] == pytest.approx(float(value), nan_ok=True)


def test_rows_of_the_confusion_matrix_are_the_truth():
    found = confusion_matrix(np.array([1, 1, 0]), np.array([0, 0, 2]), 3)
    assert found.tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_nothing_divided_by_nothing_is_undefined():
    assert np.isnan(ratio(np.zeros(1), np.zeros(1))).all()
