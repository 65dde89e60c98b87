"""The standalone decoder of exported models against the one that training uses, pixel by pixel."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from groundwork.data.store.origin import Files
from groundwork.data.store.resize import Form
from groundwork.evaluate.export.preprocess_image import read_image
from groundwork.evaluate.inputs import image_stream

RNG = np.random.default_rng(0)


def noise(*shape: int, dtype: str = "uint8") -> NDArray[np.generic]:
    return RNG.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(50, 70, 3)).save(path, exif=exif)


def palette(path: Path) -> None:
    image = Image.fromarray(noise(33, 47, 3)).quantize(16)
    image.save(path, transparency=3)


FILES: dict[str, Callable[[Path], None]] = {
    "color.png": lambda path: Image.fromarray(noise(40, 56, 3)).save(path),
    "large.jpg": lambda path: Image.fromarray(noise(600, 900, 3)).save(path),
    "rotated.jpg": rotated,
    "print.jpg": lambda path: Image.fromarray(noise(40, 30, 4), "CMYK").save(path),
    "see_through.png": lambda path: Image.fromarray(noise(37, 20, 4)).save(path),
    "palette.png": palette,
    "grey.png": lambda path: Image.fromarray(noise(21, 99)).save(path),
    "grey_see_through.png": lambda path: Image.fromarray(noise(40, 40, 2)).save(path),
    "bits.png": lambda path: Image.fromarray(noise(40, 50) > 127).save(path),
    "flag.npy": lambda path: np.save(path, noise(30, 40) > 127),
    "channels_first.npy": lambda path: np.save(path, noise(3, 30, 40)),
    "one.npz": lambda path: np.savez(path, noise(45, 30, 3)),
}


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("resize", ["crop", "pad", "squash"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_gets_the_pixels_of_training(tmp_path: Path, name: str, resize: str):
    FILES[name](tmp_path / name)
    check(tmp_path / name, Form((32, 24), 3, "uint8", resize, None))  # type: ignore[arg-type]


@pytest.mark.parametrize("resize", ["crop", "pad", "squash"])
@pytest.mark.parametrize(
    ("size", "form"), [((1, 1), (8, 8)), ((5, 300), (8, 8)), ((32, 24), (32, 24)), ((24, 32), (32, 24))]
)
def test_extreme_shapes_get_the_pixels_of_training(
    tmp_path: Path, size: tuple[int, int], form: tuple[int, int], resize: str
):
    Image.fromarray(noise(*size)).save(tmp_path / "a.png")
    check(tmp_path / "a.png", Form(form, 1, "uint8", resize, None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pixels", "form"),
    [
        (noise(40, 50, dtype="uint16"), Form((32, 32), 1, "uint16", "crop", None)),
        (noise(40, 50), Form((32, 32), 1, "uint16", "crop", None)),
        (noise(40, 50, 13), Form((32, 32), 13, "uint8", "pad", None)),
        (noise(40, 50, 13, dtype="uint16"), Form((32, 32), 13, "float32", "squash", (100.0, 9000.0))),
        (RNG.normal(0, 1, (40, 50)).astype(np.float64), Form((32, 32), 1, "float32", "crop", None)),
        (RNG.normal(0, 1, (40, 50)).astype(np.float32), Form((32, 32), 3, "float32", "crop", (-1.0, 1.0))),
    ],
)
def test_measurements_get_the_values_of_training(tmp_path: Path, pixels: NDArray[np.generic], form: Form):
    np.save(tmp_path / "a.npy", pixels)
    check(tmp_path / "a.npy", form)


def test_an_image_of_another_kind_is_refused(tmp_path: Path):
    Image.fromarray(noise(40, 56, 3)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="must be 1 x uint8, but is 3 x uint8"):
        read_image(tmp_path / "a.png", described(Form((32, 32), 1, "uint8", "crop", None)))
    fixed = described(Form((32, 32), 3, "uint8", "crop", None)) | {"fixed_size": True}
    with pytest.raises(ValueError, match="must have the size"):
        read_image(tmp_path / "a.png", fixed)


def check(path: Path, form: Form) -> None:
    expected = image_stream(Files([path]), form).batch(np.array([0]))[0].numpy()
    found = read_image(path, described(form))
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def described(form: Form) -> dict[str, object]:
    return {
        "size": list(form.size),
        "channels": form.channels,
        "dtype": form.dtype,
        "resize": form.resize,
        "window": form.window,
        "fixed_size": False,
    }
