import numpy as np
import pytest

from groundwork.metrics import classification_metrics, decide, true_class_rank

NAMES = ("a", "b", "c", "d")


def test_a_top_k_table_by_hand():
    prob = np.array(
        [
            [0.4, 0.3, 0.2, 0.1],  # truth d: fourth
            [0.4, 0.3, 0.2, 0.1],  # truth b: second
            [0.25, 0.25, 0.25, 0.25],  # truth a: all tied, the lowest number comes first
            [0.25, 0.25, 0.25, 0.25],  # truth c: two of the tied come before
            [0.1, 0.4, 0.4, 0.1],  # truth c: b is tied and comes first
        ]
    )
    target = np.array([3, 1, 0, 2, 2])
    assert true_class_rank(prob, target).tolist() == [3, 1, 0, 2, 1]
    found = classification_metrics(prob, target, NAMES, top_k=(1, 2, 3, 4))
    assert found["top_1_accuracy"] == found["accuracy"] == 1 / 5
    assert found["top_2_accuracy"] == 3 / 5
    assert found["top_3_accuracy"] == 4 / 5
    assert "top_4_accuracy" not in found, "four of four classes are always right"


def test_83_of_100_right_is_083():
    target = np.zeros(100, int)
    prob = np.where(np.arange(100)[:, None] < 83, [0.6, 0.4], [0.4, 0.6])
    assert classification_metrics(prob, target, ("a", "b"))["accuracy"] == 0.83


@pytest.mark.parametrize("positive", ["a", "b"])
def test_a_threshold_decides_for_the_positive_class_from_it_on(positive):
    prob = np.array([[0.7, 0.3], [0.69, 0.31], [0.2, 0.8]])
    column = ("a", "b").index(positive)
    threshold = float(prob[1, column])
    chosen = decide(prob, column, threshold)
    assert (chosen == column).tolist() == (prob[:, column] >= threshold).tolist()
    found = classification_metrics(prob, chosen, ("a", "b"), positive=positive, threshold=threshold)
    assert found["accuracy"] == 1


def test_auroc_and_average_precision_are_those_of_the_positive_class():
    prob = np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.2, 0.8]])
    target = np.array([0, 0, 1, 1])
    b = classification_metrics(prob, target, ("a", "b"), positive="b")
    assert b["auroc"] == 3 / 4
    assert b["average_precision"] == pytest.approx(0.5 + 0.5 * 2 / 3)
    a = classification_metrics(prob, target, ("a", "b"), positive="a")
    assert a["average_precision"] == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert a["auroc"] == 3 / 4


def test_a_prediction_that_is_not_finite_makes_every_metric_undefined():
    prob = np.array([[0.5, 0.5], [np.nan, np.nan]])
    assert np.isnan(list(classification_metrics(prob, np.array([0, 1]), ("a", "b")).values())).all()


def test_no_sample_at_all_is_undefined():
    found = classification_metrics(np.zeros((0, 2)), np.zeros(0, int), ("a", "b"))
    assert np.isnan(list(found.values())).all()


def test_a_certain_mistake_costs_a_finite_log_loss():
    prob = np.array([[1.0, 0.0]], np.float32)
    found = classification_metrics(prob, np.array([1]), ("a", "b"))
    assert found["log_loss"] == pytest.approx(-np.log(np.finfo(np.float32).eps))
    assert found["ece"] == 1


@pytest.mark.parametrize(
    ("prob", "target", "positive", "message"),
    [
        (np.ones((2, 3)), np.zeros(2, int), None, "prob must be"),
        (np.ones((2, 2)), np.zeros((2, 1), int), None, "prob must be"),
        (np.ones((2, 2)), np.array([0, -1]), None, "target must be in"),
        (np.ones((2, 2)), np.array([0, 1]), "c", "positive must be one of"),
    ],
)
def test_what_does_not_fit_is_refused(prob, target, positive, message):
    with pytest.raises(ValueError, match=message):
        classification_metrics(prob, target, ("a", "b"), positive=positive)


def test_a_threshold_with_three_classes_is_refused():
    with pytest.raises(ValueError, match="two classes"):
        decide(np.ones((2, 3)) / 3, None, 0.3)
