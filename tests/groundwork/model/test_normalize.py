import numpy as np
import pytest
import torch
from pandas import DataFrame
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from groundwork.data import Missing, Normalize, encode_columns, fit_columns
from groundwork.model import ImageNormalize, TableNormalize, TimmBackbone


@pytest.mark.parametrize(("dtype", "top"), [(torch.uint8, 255), (torch.uint16, 65535), (torch.float32, 1)])
def test_every_type_of_image_is_scaled_to_one(dtype: torch.dtype, top: int) -> None:
    image = torch.tensor([0, top]).to(dtype).view(1, 1, 1, 2)
    assert ImageNormalize([0.0], [1.0], 1)(image).flatten().tolist() == [0.0, 1.0]


def test_mean_and_std_are_applied_by_channel() -> None:
    image = torch.full((2, 3, 4, 4), 255, dtype=torch.uint8)
    values = ImageNormalize([0.5, 0.25, 0.0], [0.5, 0.25, 2.0], 3)(image)
    assert values[0, :, 0, 0].tolist() == [1.0, 3.0, 0.5]
    assert values.dtype == torch.float32


def test_statistics_go_round_over_further_channels() -> None:
    assert ImageNormalize([1, 2, 3], [1, 1, 1], 5).mean.flatten().tolist() == [1, 2, 3, 1, 2]


def test_grey_images_are_repeated_for_a_color_backbone() -> None:
    values = ImageNormalize([0.5], [0.5], 3)(torch.full((1, 1, 2, 2), 255, dtype=torch.uint8))
    assert values.shape == (1, 3, 2, 2)
    assert values.unique().tolist() == [1.0]


def test_channels_last_strides_are_kept() -> None:
    image = torch.zeros(2, 3, 8, 8, dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    values = ImageNormalize([0.5] * 3, [0.5] * 3, 3)(image)
    assert values.is_contiguous(memory_format=torch.channels_last)


def test_the_statistics_travel_with_the_state() -> None:
    assert set(ImageNormalize([0.5], [0.5], 3).state_dict()) == {"mean", "std"}


def numeric(fill: float | None, indicator: bool, center: float, scale: float) -> dict[str, object]:
    return {
        "kind": "numeric", "fill": fill, "indicator": indicator,
        "center": center, "scale": scale, "categories": [],
    }  # fmt: skip


def category(categories: list[str], fill: float | None = 0.0) -> dict[str, object]:
    return {
        "kind": "categorical", "fill": fill, "indicator": False,
        "center": 0.0, "scale": 1.0, "categories": categories,
    }  # fmt: skip


def test_numbers_are_imputed_and_scaled_as_scikit_learn_does() -> None:
    rows = np.random.default_rng(0).normal(1e6, 3.0, (50, 4))
    rows[::7, 1] = np.nan
    rows[3, 3] = np.nan
    imputer = SimpleImputer(strategy="median").fit(rows)
    scaler = StandardScaler().fit(imputer.transform(rows))
    statistics = {
        str(place): numeric(imputer.statistics_[place], False, scaler.mean_[place], scaler.scale_[place])
        for place in range(4)
    }
    got = TableNormalize(statistics)(torch.from_numpy(rows))
    np.testing.assert_allclose(got, scaler.transform(imputer.transform(rows)), atol=1e-6)


@pytest.mark.parametrize("method", ["standard", "minmax", "robust", "quantile", "none"])
def test_a_column_that_never_varied_in_train_keeps_its_value(method: str) -> None:
    train = DataFrame({"x": [0.0, 1.0, 2.0, 5.0], "k": [7.0] * 4, "gappy": [3.0, None, 3.0, 3.0]})
    auto = Missing("median", True, "slot", "error", 0.0, "missing", {})
    columns = fit_columns(train, [], auto, Normalize(method))
    normalize = TableNormalize({column["name"]: column for column in columns.state()["columns"]})
    rows = train.assign(k=[7.0, 8.0, -1e9, None], gappy=[3.0, 4.0, None, 1e12])
    known, new = (normalize(torch.from_numpy(encode_columns(each, columns))) for each in (train, rows))
    assert torch.equal(new[:, :3], known[:, :3])
    assert new[:, 3].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert len(known[:, 0].unique()) == 4


def test_indicators_follow_the_numbers_and_codes_come_last() -> None:
    normalize = TableNormalize(
        {"a": category(["x", "y"]), "b": numeric(10.0, True, 10.0, 2.0), "c": numeric(0.0, False, 0.0, 1.0)}
    )
    rows = torch.tensor([[3.0, torch.nan, 5.0], [0.0, 14.0, 6.0]], dtype=torch.float64)
    assert normalize(rows).tolist() == [[0.0, 5.0, 1.0, 3.0], [2.0, 6.0, 0.0, 0.0]]
    assert normalize.num_numeric == 3
    assert normalize.cardinalities == (4,)


def test_a_missing_category_takes_its_fill_code() -> None:
    normalize = TableNormalize({"a": category(["x", "y"], fill=3.0)})
    codes = torch.tensor([[0.0], [2.0], [1.0]], dtype=torch.float64)
    assert normalize(codes).tolist() == [[3.0], [2.0], [1.0]]


def test_a_column_that_refuses_gaps_needs_no_fill() -> None:
    normalize = TableNormalize({"a": numeric(None, False, 1.0, 2.0)})
    assert normalize(torch.tensor([[5.0]], dtype=torch.float64)).tolist() == [[2.0]]


def test_a_table_of_categories_alone_is_read() -> None:
    normalize = TableNormalize({"a": category(["x"]), "b": category(["y", "z"])})
    assert normalize(torch.tensor([[2.0, 1.0]], dtype=torch.float64)).tolist() == [[2.0, 1.0]]


def test_a_grey_image_gives_what_a_summed_first_layer_gives() -> None:
    torch.manual_seed(0)
    color = TimmBackbone("test_resnet", False, 3, 64, 0.0, "default").eval()
    grey = TimmBackbone("test_resnet", False, 1, 64, 0.0, "default").eval()
    state = color.state_dict()
    state["model.conv1.0.weight"] = state["model.conv1.0.weight"].sum(dim=1, keepdim=True)
    grey.load_state_dict(state)
    image = torch.randint(0, 256, (2, 1, 64, 64), dtype=torch.uint8)
    one, three = ImageNormalize([0.5], [0.5], 1)(image), ImageNormalize([0.5], [0.5], 3)(image)
    torch.testing.assert_close(grey(one)[-1], color(three)[-1], rtol=1e-4, atol=1e-5)
