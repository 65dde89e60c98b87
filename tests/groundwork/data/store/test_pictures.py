from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groundwork.data.store.decode import BadImageError, decode, read_header
from groundwork.data.store.pictures import image_suffixes, is_image, picture_formats, suffix_of

Image.init()
SUFFIXES = (
    ".avif", ".jfif", ".webp", ".pgm", ".ppm", ".pbm", ".pnm", ".tif", ".tiff", ".jp2", ".j2k", ".bmp", ".dib", ".gif",
    ".ico", ".tga", ".pcx", ".apng", ".jpe", ".sgi", ".qoi",
)  # fmt: skip


@pytest.mark.parametrize("suffix", [*SUFFIXES, *(suffix.upper() for suffix in SUFFIXES[:8])])
def test_what_pillow_writes_is_read_whatever_its_suffix(tmp_path: Path, suffix: str):
    kind = Image.registered_extensions()[suffix.lower()]
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow cannot write {kind}")
    path = tmp_path / f"a{suffix}"
    mode = {".pgm": "L", ".pbm": "1", ".gif": "L"}.get(suffix.lower(), "RGB")
    Image.new("RGB", (32, 16), "white").convert(mode).save(path, format=kind)
    assert is_image(path)
    pixels = decode(path)[0]
    assert read_header(path).size == pixels.shape[:2]
    assert pixels.min() > 250  # white, in a lossy format too


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("name", ["000123", "v1.2", "photo.jpg~", "a.jpg_large", "img 3."])
def test_a_file_without_a_suffix_is_told_by_its_content(tmp_path: Path, kind: str, name: str):
    Image.new("RGB", (8, 8)).save(tmp_path / name, format=kind)
    assert is_image(tmp_path / name)


@pytest.mark.parametrize(
    "content", [b"", b"a readme\n", b"\0" * 300, b"%!PS-Adobe-3.0 EPSF-3.0\n", b"P", b"PK\3\4"]
)
def test_other_content_is_no_picture(tmp_path: Path, content: bytes):
    (tmp_path / "README").write_bytes(content)
    assert not is_image(tmp_path / "README")


def test_a_known_suffix_says_what_a_file_is_and_no_program_is_started_for_it(tmp_path: Path):
    for suffix in (".txt", ".pdf", ".eps", ".ps", ".mpg", ".h5", ".heic", ".xml"):
        assert suffix not in image_suffixes()
        assert not is_image(tmp_path / f"a{suffix}")
    assert {"EPS", "MPEG", "HDF5", "WMF"}.isdisjoint(picture_formats())
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path, format="EPS")
    with pytest.raises(BadImageError, match="cannot identify"):
        decode(path)


def test_arrays_are_images_and_a_dot_alone_makes_no_suffix():
    assert {".npy", ".npz", ".mpo"} <= image_suffixes()
    assert [suffix_of(name) for name in ("a.JPG", "a", "v1.2", "a.jpg~", ".tif", "b.tar.gz")] == [
        ".jpg", "", "", "", "", ".gz"
    ]  # fmt: skip
    assert np.isin(["JPEG", "PNG"], picture_formats()).all()
