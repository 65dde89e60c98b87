"""What every kind of image file becomes, and what damaged ones are called."""

import importlib.util
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image, ImageFile

from groundwork.core.paths import ROOT
from groundwork.data.store.decode import BadImageError, decode, read_header

BENCHMARK = ROOT / "tests" / "robustness" / "image_fuzz.py"

# Row 0 red and green, row 1 blue and white, row 2 black and grey: no turn or mirror maps it to itself.
COLORS = np.array(
    [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]], [[0, 0, 0], [128, 128, 128]]], dtype=np.uint8
)
# EXIF 2.32, section 4.6.4: what the camera stored, given the upright picture.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def write(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](COLORS))
    path = write(Image.fromarray(stored), tmp_path / "a.png", exif=exif)
    assert read_header(path).size == (3, 2)
    np.testing.assert_array_equal(decode(path)[0], COLORS)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("L", 77, [77]),
        ("1", 1, [255]),
        ("LA", (100, 255), [100]),
        ("LA", (100, 0), [255]),  # fully transparent: the white below
        ("RGB", (1, 2, 3), [1, 2, 3]),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), [255, 255, 255]),
        ("I;16", 40_000, [40_000]),
    ],
)
def test_every_mode_of_png_has_its_own_pixels(
    tmp_path: Path, mode: str, value: int | tuple[int, ...], expected: list[int]
) -> None:
    path = write(Image.new(mode, (5, 4), value), tmp_path / "a.png")
    pixels, note = decode(path)
    header = read_header(path)
    assert pixels.shape == (4, 5, len(expected)) == (*header.size, header.channels)
    assert pixels.dtype == header.dtype == ("uint16" if mode == "I;16" else "uint8")
    assert (pixels == expected).all()
    assert note == ""


def test_a_palette_image_has_its_colors_and_transparent_entries_are_white(tmp_path: Path) -> None:
    image = Image.fromarray(COLORS).quantize(8)
    np.testing.assert_array_equal(decode(write(image, tmp_path / "a.png"))[0], COLORS)
    red = image.getpixel((0, 0))
    pixels = decode(write(image, tmp_path / "b.png", transparency=red))[0]
    assert pixels[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(pixels[1:], COLORS[1:])


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_is_neither_inverted_nor_left_with_four_channels(tmp_path: Path, suffix: str) -> None:
    path = write(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path / f"a{suffix}")
    assert np.abs(decode(path)[0].astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_do_not_saturate(tmp_path: Path, suffix: str) -> None:
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    path = write(Image.fromarray(values), tmp_path / f"a{suffix}")
    pixels, _ = decode(path)
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels[:, :, 0], values)


def test_big_endian_and_float_tiff_keep_their_values(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    big = Image.frombytes("I;16B", (8, 8), values.astype(">u2").tobytes())
    np.testing.assert_array_equal(decode(write(big, tmp_path / "a.tif"))[0][:, :, 0], values)
    floats = values.astype(np.float32) * -1.5
    pixels = decode(write(Image.fromarray(floats), tmp_path / "b.tif"))[0]
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels[:, :, 0], floats)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".tif"])
def test_an_animation_gives_its_first_frame_and_says_so(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue", "green")]
    path = write(frames[0], tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    pixels, note = decode(path)
    assert np.abs(pixels.astype(int) - [255, 0, 0]).max() <= 3
    assert note == "first of several frames"


@pytest.mark.parametrize(
    ("array", "shape", "dtype"),
    [
        (np.arange(20, dtype=np.uint8).reshape(4, 5), (4, 5, 1), "uint8"),
        (np.arange(60, dtype=np.uint16).reshape(4, 5, 3), (4, 5, 3), "uint16"),
        (np.arange(80, dtype=np.float64).reshape(4, 5, 4), (4, 5, 4), "float32"),
        (np.arange(40, dtype=np.int64).reshape(2, 4, 5), (4, 5, 2), "float32"),
        (np.ones((4, 5), dtype=bool), (4, 5, 1), "uint8"),
    ],
)
def test_an_array_keeps_its_channels_and_values(
    tmp_path: Path, array: np.ndarray, shape: tuple[int, ...], dtype: str
) -> None:
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "b.npz", array)
    expected = array.transpose(1, 2, 0) if array.shape[0] == 2 else array
    for name in ("a.npy", "b.npz"):
        header, (pixels, _) = read_header(tmp_path / name), decode(tmp_path / name)
        assert pixels.shape == shape == (*header.size, header.channels)
        assert pixels.dtype == dtype == header.dtype
        scale = 255 if array.dtype == bool else 1
        np.testing.assert_array_equal(pixels.reshape(expected.shape), expected * scale)


def test_whatever_cannot_be_an_image_is_refused_with_a_reason(tmp_path: Path) -> None:
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2, 2)))
    np.save(tmp_path / "nan.npy", np.array([[1.0, np.nan], [0.0, 2.0]]))
    np.savez(tmp_path / "two.npz", np.zeros((2, 2)), np.ones((2, 2)))
    (tmp_path / "page.jpg").write_text("<html>not found</html>", encoding="utf-8")
    (tmp_path / "empty.png").write_bytes(b"")
    with ZipFile(tmp_path / "zip.npz", "w"):
        pass
    reasons = {
        "object.npy": "shape (1,) of object",
        "cube.npy": "shape (2, 2, 2, 2)",
        "nan.npy": "not finite",
        "two.npz": "2 arrays",
        "zip.npz": "0 arrays",
        "page.jpg": "cannot identify image file",
        "empty.png": "cannot identify image file",
        "missing.png": "does not exist",
    }
    for name, reason in reasons.items():
        with pytest.raises(BadImageError, match=reason.replace("(", r"\(").replace(")", r"\)")):
            decode(tmp_path / name)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".gif"])
def test_a_truncated_file_opens_but_does_not_decode(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = write(Image.fromarray(noise), tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(BadImageError):
        decode(path)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".gif", ".webp", ".bmp"])
def test_a_header_is_read_without_decoding(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(Image.new("RGB", (20, 10)), tmp_path / f"a{suffix}")

    def refuse(image: Image.Image) -> None:
        raise AssertionError("decoded")

    with Image.open(path) as image:
        kinds = {type(image), ImageFile.ImageFile}
    for kind in kinds:
        monkeypatch.setattr(kind, "load", refuse)
    assert read_header(path).size == (10, 20)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = write(Image.new("1", (200, 100)), tmp_path / "a.png")
    np.save(tmp_path / "b.npy", np.zeros((100, 200), dtype=bool))
    for name in (path, tmp_path / "b.npy"):
        for read in (decode, read_header):
            with pytest.raises(BadImageError, match="200 x 100 pixels, more than max_pixels=19999"):
                read(name, max_pixels=100 * 200 - 1)
            read(name, max_pixels=100 * 200)


def test_mutated_files_never_crash_and_every_broken_one_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("image_fuzz", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    assert fuzz.main(70) == 0
    assert "hidden: [], wrongly accused: []" in capfd.readouterr().out


def test_a_large_jpeg_is_decoded_no_larger_than_needed(tmp_path: Path) -> None:
    coarse = Image.fromarray(np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8))
    path = write(coarse.resize((800, 600), Image.Resampling.BICUBIC), tmp_path / "a.jpg", quality=95)
    whole = decode(path)[0]
    for least, shape in ((None, (600, 800)), (301, (600, 800)), (300, (300, 400)), (100, (150, 200))):
        assert decode(path, least)[0].shape[:2] == shape
    small = np.asarray(Image.fromarray(whole).resize((400, 300), Image.Resampling.BOX), dtype=int)
    assert np.abs(decode(path, 300)[0] - small).mean() < 1
