from types import SimpleNamespace

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.utils.class_weight import compute_class_weight

from groundwork.core.errors import UserError
from groundwork.data import LossWeights, NoBalance, Oversample, Undersample
from groundwork.data.balance import class_weights

TARGET = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [70, 20, 7]))
COUNTS = np.array([70, 20, 7])


def test_no_balance_changes_nothing():
    assert NoBalance().class_weights(COUNTS) is None
    assert NoBalance().rows(TARGET, 0, 0).tolist() == list(range(97))
    assert NoBalance().counts_after(COUNTS).tolist() == [70, 20, 7]


def test_inverse_weights_are_those_of_scikit_learn():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=TARGET)
    np.testing.assert_allclose(LossWeights("inverse", 0.999).class_weights(COUNTS), expected, rtol=1e-12)


def test_effective_weights_follow_the_published_formula():
    # Hand: n = 2 and 1, beta = 0.5 gives 0.5 / 0.75 = 2/3 and 0.5 / 0.5 = 1; the mean over 3 rows is 7/9.
    weights = LossWeights("effective", 0.5).class_weights(np.array([2, 1]))
    np.testing.assert_allclose(weights, [6 / 7, 9 / 7], rtol=1e-12)


def test_effective_weights_run_from_equal_to_inverse():
    np.testing.assert_allclose(LossWeights("effective", 0.0).class_weights(COUNTS), 1)
    inverse = LossWeights("inverse", 0.0).class_weights(COUNTS)
    np.testing.assert_allclose(LossWeights("effective", 1 - 1e-9).class_weights(COUNTS), inverse, rtol=1e-6)


def test_root_weights_go_half_way():
    weights = LossWeights("sqrt", 0.0).class_weights(np.array([100, 4]))
    assert weights[1] / weights[0] == pytest.approx(5)


@pytest.mark.parametrize("kind", ["inverse", "effective", "sqrt"])
def test_weights_have_mean_one_over_the_rows_and_spare_absent_classes(kind):
    weights = LossWeights(kind, 0.99).class_weights(np.array([70, 0, 20, 7]))
    assert weights[1] == 1
    assert (weights * [70, 0, 20, 7]).sum() / 97 == pytest.approx(1)
    assert LossWeights(kind, 0.99).counts_after(COUNTS).sum() == pytest.approx(97)


@pytest.mark.parametrize(
    ("balance", "reference"), [(Oversample(), RandomOverSampler()), (Undersample(), RandomUnderSampler())]
)
def test_counts_are_those_of_imbalanced_learn(balance, reference):
    expected = np.bincount(reference.fit_resample(np.arange(97)[:, None], TARGET)[1])
    rows = balance.rows(TARGET, 0, 0)
    assert np.bincount(TARGET[rows]).tolist() == expected.tolist() == balance.counts_after(COUNTS).tolist()
    assert (np.diff(rows) >= 0).all()


def test_oversampling_repeats_each_row_of_a_class_alike():
    repeats = np.bincount(Oversample().rows(TARGET, 0, 0), minlength=97)
    assert (repeats[TARGET == 0] == 1).all()
    assert set(repeats[TARGET == 1]) == {3, 4}
    assert (repeats[TARGET == 2] == 10).all()


def test_undersampling_shows_other_rows_each_epoch_and_never_one_twice():
    seen = [Undersample().rows(TARGET, 0, epoch) for epoch in range(200)]
    assert all(len(set(rows)) == 21 for rows in seen)
    assert set(np.concatenate(seen)) == set(range(97))


def test_an_epochs_rows_follow_from_seed_and_epoch_alone():
    for balance in (Oversample(), Undersample()):
        first = balance.rows(TARGET, 3, 5).tolist()
        np.random.random()
        assert balance.rows(TARGET, 3, 5).tolist() == first
        assert balance.rows(TARGET, 3, 6).tolist() != first
        assert balance.rows(TARGET, 4, 5).tolist() != first


def test_the_draw_is_the_same_on_every_machine_and_version():
    assert Undersample().rows(np.array([0] * 8 + [1] * 3), 7, 2).tolist() == [4, 6, 7, 8, 9, 10]


def test_classes_without_rows_stay_without():
    assert Oversample().counts_after(np.array([4, 0, 2])).tolist() == [4, 0, 4]
    assert Undersample().counts_after(np.array([4, 0, 2])).tolist() == [2, 0, 2]
    assert Oversample().rows(np.array([], dtype=np.int64), 0, 0).tolist() == []


@pytest.mark.parametrize(("kind", "beta"), [("inverted", 0.5), ("effective", 1.0), ("effective", -0.1)])
def test_what_no_formula_knows_is_refused(kind, beta):
    with pytest.raises(UserError, match=r"balance\.(kind|beta) must .* but got"):
        LossWeights(kind, beta)


def test_having_a_label_weighs_as_many_times_as_fewer_rows_have_it():
    labels = np.array([[1, 0, 1], [0, 0, np.nan], [0, 0, 1], [0, 0, 0]])
    target = SimpleNamespace(classes=(), has_labels=True)
    prepared = SimpleNamespace(target=target, targets=lambda _: labels)
    assert class_weights(LossWeights("inverse", 0.9), prepared) == pytest.approx([3, 1, 0.5])
    assert class_weights(LossWeights("sqrt", 0.9), prepared) == pytest.approx([3**0.5, 1, 0.5**0.5])
    assert class_weights(NoBalance(), prepared) is None
