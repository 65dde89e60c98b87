import numpy as np
import pytest
from scipy.stats import norm
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from groundwork.core.errors import UserError
from groundwork.data import Normalize, image_statistics
from groundwork.data.normalize import center_and_scale, quantile_knots

SCALERS = {
    "standard": (StandardScaler(), "mean_", "scale_"),
    "minmax": (MinMaxScaler(), "data_min_", "data_range_"),
    "robust": (RobustScaler(), "center_", "scale_"),
}


@pytest.mark.parametrize("method", SCALERS)
@pytest.mark.parametrize("seed", range(5))
def test_center_and_scale_are_those_of_scikit_learn(method, seed):
    values = np.random.default_rng(seed).gamma(2, 10 ** (seed - 2), 50 + seed) - seed
    scaler, center, scale = SCALERS[method]
    scaler.fit(values[:, None])
    expected = getattr(scaler, center)[0], getattr(scaler, scale)[0]
    np.testing.assert_allclose(center_and_scale(values, method), expected, rtol=1e-12)


@pytest.mark.parametrize("method", SCALERS)
def test_constant_columns_get_scale_one(method):
    assert center_and_scale(np.full(7, 0.1), method) == (0.1, 1.0)


def test_a_column_whose_quartiles_agree_gets_scale_one():
    values = np.array([0.0] * 9 + [5.0])
    assert center_and_scale(values, "robust") == (0.0, 1.0)
    assert RobustScaler().fit(values[:, None]).scale_[0] == 1


def test_none_and_nothing_leave_values_alone():
    assert center_and_scale(np.array([1.0, 5.0]), "none") == (0.0, 1.0)
    assert center_and_scale(np.array([np.inf]), "standard") == (0.0, 1.0)


def test_huge_and_tiny_values_do_not_overflow():
    for unit in (1e300, 1e-300):
        np.testing.assert_allclose(center_and_scale(np.array([1, 3]) * unit, "standard"), [2 * unit, unit])


def test_infinite_values_do_not_count():
    assert center_and_scale(np.array([1.0, 3.0, np.inf]), "standard") == (2.0, 1.0)


@pytest.mark.parametrize(
    ("dtype", "white"),
    [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)],
    ids=["uint8", "uint16", "float32"],
)
def test_image_statistics_are_the_exact_mean_and_deviation_of_the_given_rows(dtype, white):
    generator = np.random.default_rng(0)
    images = (generator.random((150, 5, 7, 3)) * white * [1, 0.5, 0.1]).astype(dtype)
    rows = generator.permutation(150)[:131]
    mean, std = image_statistics(images, rows)
    scaled = images[rows].astype(np.float64) / white
    np.testing.assert_allclose(mean, scaled.mean((0, 1, 2)), rtol=1e-13)
    np.testing.assert_allclose(std, scaled.std((0, 1, 2)), rtol=1e-12)


def test_far_from_zero_the_deviation_of_floats_is_still_right():
    images = np.array([10000.0, 10001.0] * 200, dtype=np.float32).reshape(400, 1, 1, 1)
    assert image_statistics(images, np.arange(400))[1][0] == pytest.approx(0.5, rel=1e-12)


def test_other_rows_do_not_change_image_statistics():
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 3), dtype=np.uint8)
    before = image_statistics(images, np.arange(10))
    images[10:] = 255
    np.testing.assert_array_equal(before, image_statistics(images, np.arange(10)))


def test_a_channel_that_does_not_vary_gets_deviation_one():
    mean, std = image_statistics(np.full((3, 2, 2, 1), 51, dtype=np.uint8), np.arange(3))
    assert (mean.tolist(), std.tolist()) == ([0.2], [1.0])


def test_images_that_have_no_statistics_are_refused():
    with pytest.raises(UserError, match="finite"):
        image_statistics(np.full((1, 1, 1, 1), np.nan, dtype=np.float32), np.arange(1))
    with pytest.raises(ValueError, match="at least one"):
        image_statistics(np.zeros((1, 1, 1, 1), dtype=np.uint8), np.arange(0))


def test_auto_keeps_a_pretrained_backbones_own_statistics():
    assert Normalize("auto").for_images(pretrained=True) == "backbone"
    assert Normalize("auto").for_images(pretrained=False) == "train"
    assert Normalize("none").for_images(pretrained=True) == "none"
    assert Normalize("auto").for_tables() == "standard"
    assert Normalize("robust").for_tables() == "robust"


def test_methods_of_the_other_kind_of_data_are_refused():
    with pytest.raises(UserError, match=r"normalize for images must be one of auto, .* but got minmax"):
        Normalize("minmax").for_images(pretrained=True)
    with pytest.raises(UserError, match=r"normalize for tables must be one of auto, .* but got backbone"):
        Normalize("backbone").for_tables()
    with pytest.raises(UserError, match=r"normalize.method must be one of auto, .* but got zscore"):
        Normalize("zscore")


def test_knots_are_quantiles_and_their_scores_are_those_of_the_normal_distribution():
    values = np.arange(1.0, 9602.0)
    knots, scores = quantile_knots(values)
    assert knots[24] == 2401.0
    np.testing.assert_allclose(scores[24], norm.ppf(0.25), rtol=1e-9)
    assert -2.6 < scores[0] < scores[-1] < 2.6


def test_values_that_repeat_share_the_middle_of_their_levels():
    knots, scores = quantile_knots(np.array([0.0] * 50 + [1.0] * 50 + [np.inf]))
    assert knots == (0.0, 1.0)
    np.testing.assert_allclose(norm.cdf(scores), [0.25, 0.75], atol=0.01)
    assert quantile_knots(np.array([np.nan])) == ((), ())
