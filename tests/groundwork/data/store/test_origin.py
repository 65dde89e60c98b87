"""Raw images by threads, and what is silenced around them."""

import os
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groundwork.data.store.decode import BadImageError
from groundwork.data.store.origin import Files, formed, parallel, read_headers, silent_pillow
from groundwork.data.store.resize import Form


def test_results_come_in_the_order_of_the_rows_whichever_thread_is_faster() -> None:
    gate = threading.Event()

    def work(row: int) -> int:
        if row == 0:
            gate.wait(5)
        else:
            gate.set()
        return row * row

    seen: list[tuple[int, int]] = []
    assert list(parallel(work, 5, 2, lambda done, number: seen.append((done, number)))) == [0, 1, 4, 9, 16]
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_an_error_in_one_row_ends_the_rest() -> None:
    started: list[int] = []

    def work(row: int) -> None:
        started.append(row)
        time.sleep(0.002)
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        list(parallel(work, 1000, 2, None))
    assert len(started) < 1000


def test_the_status_changes_with_the_time_of_a_file_and_the_content_does_not(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"same")
    files = Files([path, tmp_path / "missing"])
    status, content = files.status(), files.content(2)
    os.utime(path, (1, 1))
    assert files.status() != status
    assert files.content(1) == content
    path.write_bytes(b"other")
    assert files.content(1) != content


def test_headers_come_with_the_reasons_of_those_that_have_none(tmp_path: Path) -> None:
    Image.new("L", (5, 4)).save(tmp_path / "a.png")
    headers, bad = read_headers(Files([tmp_path / "missing.png", tmp_path / "a.png"]), 2)
    assert [(header.size, header.channels) for header in headers] == [((4, 5), 1)]
    assert bad == {0: "does not exist"}


def test_equal_content_of_another_shape_has_another_hash() -> None:
    form = Form((2, 2), 1, "uint8", "squash", None)
    hashes = {formed(np.zeros(shape, dtype=np.uint8), form)[1] for shape in ((2, 2, 1), (4, 4, 1))}
    assert len(hashes) == 2


def test_an_image_that_turns_out_different_from_its_header_is_bad() -> None:
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    with pytest.raises(BadImageError, match="holds 4 channels, not 3"):
        formed(pixels, Form((2, 2), 3, "uint8", "squash", None))
    with pytest.raises(BadImageError, match="not"):
        formed(pixels, Form((2, 2), 4, "uint16", "squash", (0.0, 1.0)))


def test_pillow_is_silent_inside_and_as_it_was_outside() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with silent_pillow():
        assert Image.MAX_IMAGE_PIXELS is None
        warnings.warn_explicit("metadata", UserWarning, "tiff.py", 1, module="PIL.TiffImagePlugin")
        with pytest.raises(UserWarning):
            warnings.warn_explicit("ours", UserWarning, "a.py", 1, module="groundwork.data")
    assert before == Image.MAX_IMAGE_PIXELS
