"""A stream gives the batches of a store without keeping a pixel on disk."""

import os
import signal
from multiprocessing import active_children
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


def test_one_pool_serves_a_validation_inside_of_an_epoch_and_the_next_epoch(files: Files) -> None:
    stream = Stream(np.array(["a"] * 5), [], [], files, FORM, 2)
    rows = [np.array([row]) for row in (0, 1, 2, 3, 4, 0, 1, 2)]
    expected = [stream.batch(own) for own in rows]
    before = {child.pid for child in active_children()}
    train = stream.batches(rows)
    seen = [next(train), next(train)]
    processes = {child.pid for child in active_children()} - before
    assert all(torch.equal(*pair) for pair in zip(stream.batches(rows[:3]), expected[:3], strict=True))
    seen += train
    assert all(torch.equal(*pair) for pair in zip(seen, expected, strict=True))
    assert len(list(stream.batches(rows))) == 8
    assert {child.pid for child in active_children()} - before == processes
    assert len(processes) == 2


def test_a_worker_that_is_killed_is_an_error_that_says_so(files: Files) -> None:
    stream = Stream(np.array(["a"] * 5), [], [], files, FORM, 1)
    before = {child.pid for child in active_children()}
    batches = stream.batches([np.array([0])] * 50)
    next(batches)
    (worker,) = {child.pid for child in active_children()} - before
    os.kill(worker or 0, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="terminated abruptly"):
        list(batches)


def test_whoever_reads_rows_of_an_array_can_read_a_stream(files: Files) -> None:
    images = np.stack([formed(raw(files, FORM, row)[0], FORM)[0] for row in range(5)])
    lazy = Stream(np.array(["a"] * 5), [], [], files, FORM, 0).images
    assert (lazy.shape, lazy.dtype, len(lazy)) == (images.shape, images.dtype, 5)
    for index in (np.array([4, 0]), slice(1, 4, 2), 3, (2, slice(4), slice(None), 1), ([1, 2], 0)):
        np.testing.assert_array_equal(lazy[index], images[index])
