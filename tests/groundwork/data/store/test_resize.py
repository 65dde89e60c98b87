"""The one form of a data set's images, and how an image is brought into it."""

import numpy as np
import pytest
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data.store.decode import Header
from groundwork.data.store.resize import Form, unify


def grey(size: tuple[int, int] = (4, 5), dtype: str = "uint8") -> Header:
    return Header(size, 1, dtype)


def color(size: tuple[int, int] = (4, 5), dtype: str = "uint8") -> Header:
    return Header(size, 3, dtype)


@pytest.mark.parametrize(
    ("headers", "channels", "dtype"),
    [
        ([grey(), grey()], 1, "uint8"),
        ([grey(), color()], 3, "uint8"),
        ([grey(dtype="uint16"), grey()], 1, "uint16"),
        ([grey(dtype="float32")], 1, "float32"),
        ([Header((4, 5), 13, "float32")], 13, "float32"),
    ],
)
def test_all_images_share_the_widest_form_among_them(
    headers: list[Header], channels: int, dtype: str
) -> None:
    form = unify(headers, (8, 8), "crop", None)
    assert (form.channels, form.dtype, form.size) == (channels, dtype, (8, 8))


def test_without_a_size_the_images_keep_their_own() -> None:
    assert unify([grey(), color()], None, "crop", None).shape == (4, 5, 3)
    with pytest.raises(UserError, match=r"share one size, but got 2 .* Set data.image_size"):
        unify([grey((4, 5)), grey((4, 6))], None, "crop", None)


def test_what_does_not_fit_together_is_the_users_error() -> None:
    with pytest.raises(UserError, match="number of channels"):
        unify([Header((4, 5), 4, "uint8"), color()], (8, 8), "crop", None)
    with pytest.raises(UserError, match=r"number type.*data.window"):
        unify([grey(dtype="float32"), grey()], (8, 8), "crop", None)
    assert unify([grey(dtype="float32"), grey()], (8, 8), "crop", [0, 9]).dtype == "float32"
    with pytest.raises(UserError, match=r"data.window must be \[low, high\]"):
        unify([grey()], (8, 8), "crop", [5, 5])
    with pytest.raises(UserError, match=r"data.resize must be one of crop, pad, squash, but got fill"):
        unify([grey()], (8, 8), "fill", None)


def stripes() -> np.ndarray:
    """Twelve rows of twenty columns, whose value is ten times the column."""
    return np.tile(np.arange(20, dtype=np.uint8) * 10, (12, 1))[:, :, None]


def test_crop_keeps_the_middle_and_the_aspect_ratio() -> None:
    cropped = Form((12, 12), 1, "uint8", "crop", None).apply(stripes())
    np.testing.assert_array_equal(cropped[:, :, 0], np.tile(np.arange(4, 16) * 10, (12, 1)))


def test_pad_keeps_the_whole_image_between_black_borders() -> None:
    padded = Form((20, 20), 1, "uint8", "pad", None).apply(stripes())
    np.testing.assert_array_equal(padded[4:16], stripes())
    assert not padded[:4].any()
    assert not padded[16:].any()


def test_squash_keeps_the_whole_image_and_gives_up_the_aspect_ratio() -> None:
    squashed = Form((12, 10), 1, "uint8", "squash", None).apply(stripes())
    expected = Image.fromarray(stripes()[:, :, 0]).resize((10, 12), Image.Resampling.BICUBIC)
    assert np.abs(squashed[:, :, 0].astype(int) - np.asarray(expected)).max() <= 2


@pytest.mark.parametrize("resize", ["crop", "pad", "squash"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_extreme_shapes_come_out_in_the_right_size(resize: str, size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 200, dtype=np.uint8)
    resized = Form((32, 24), 3, "uint8", resize, None).apply(pixels)  # type: ignore[arg-type]
    assert resized.shape == (32, 24, 3)
    assert abs(int(resized.max()) - 200) <= 1


def test_resizing_other_number_types_is_antialiased_and_adds_no_new_extremes() -> None:
    values = (np.indices((64, 64)).sum(axis=0) % 2 * 65535).astype(np.uint16)[:, :, None]
    small = Form((8, 8), 1, "uint16", "crop", None).apply(values)
    # A checkerboard seen from afar is grey; taking single pixels would leave it black or white.
    np.testing.assert_allclose(small, 32767, atol=100)
    steps = np.repeat([[0.25, 0.75]], 2, axis=0).astype(np.float32)[:, :, None]
    large = Form((16, 16), 1, "float32", "crop", None).apply(steps)
    assert large.min() == 0.25
    assert large.max() == 0.75


def test_uint16_and_uint8_agree_after_resizing() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    small = Form((16, 16), 3, "uint8", "crop", None).apply(pixels)
    deep = Form((16, 16), 3, "uint16", "crop", None).apply(pixels)
    np.testing.assert_allclose(deep / 65535, small / 255, atol=1.01 / 255)


def test_grey_among_color_is_repeated() -> None:
    spread = Form((12, 20), 3, "uint8", "crop", None).apply(stripes())
    np.testing.assert_array_equal(spread, np.repeat(stripes(), 3, axis=2))


def test_a_window_maps_its_ends_to_0_and_1_and_clips_beyond() -> None:
    raw = np.array([[0, 1000, 1500, 2000, 60_000]], dtype=np.uint16)[:, :, None]
    seen = Form((1, 5), 1, "float32", "crop", (1000.0, 2000.0)).apply(raw)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen[0, :, 0], [0, 0, 0.5, 1, 1])
