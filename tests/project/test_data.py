"""What data.py reads is what the engine expects of samples."""

import numpy as np
from sklearn.datasets import load_digits

from project.data import read_mine


def test_only_the_classes_asked_for_are_read():
    samples = read_mine([3, 8])
    assert set(samples.target["digit"]) == {"3", "8"}
    assert len(samples) == np.isin(load_digits().target, [3, 8]).sum()


def test_names_are_unique_and_the_same_each_time():
    first, second = read_mine([0, 1]), read_mine([0, 1])
    assert first.sample_id.is_unique
    assert first.sample_id.equals(second.sample_id)


def test_grey_levels_fill_a_byte():
    pixels = read_mine(list(range(10))).pixels
    assert pixels is not None
    assert (pixels.shape, pixels.dtype, pixels.max()) == ((1797, 8, 8, 1), np.uint8, 255)
