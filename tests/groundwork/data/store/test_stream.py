"""A stream gives the batches of a store without keeping a pixel on disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from groundwork.data.store.origin import Files, formed, raw
from groundwork.data.store.resize import Form
from groundwork.data.store.stream import Stream

FORM = Form((16, 16), 3, "uint8", "crop", None)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{row}.png" for row in range(5)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (24, 20, 3), dtype=np.uint8)).save(path)
    return Files(paths)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_gives_the_batches_of_a_store(files: Files, workers: int) -> None:
    images = np.stack([formed(raw(files, FORM, row)[0], FORM)[0] for row in range(5)])
    stream = Stream(np.array(["a"] * 5), [], [], files, FORM, workers)
    rows = [np.array([3, 1]), np.array([4]), np.array([0, 0])]
    assert (stream.shape, stream.dtype, len(stream)) == ((3, 16, 16), np.uint8, 5)
    for own, batch in zip(rows, stream.batches(rows), strict=True):
        expected = torch.from_numpy(images[own]).permute(0, 3, 1, 2)
        for given in (batch, stream.batch(own)):
            assert torch.equal(given, expected)
            assert given.stride() == expected.stride()


def test_whoever_reads_rows_of_an_array_can_read_a_stream(files: Files) -> None:
    images = np.stack([formed(raw(files, FORM, row)[0], FORM)[0] for row in range(5)])
    lazy = Stream(np.array(["a"] * 5), [], [], files, FORM, 0).images
    assert (lazy.shape, lazy.dtype, len(lazy)) == (images.shape, images.dtype, 5)
    for index in (np.array([4, 0]), slice(1, 4, 2), 3, (2, slice(4), slice(None), 1), ([1, 2], 0)):
        np.testing.assert_array_equal(lazy[index], images[index])
