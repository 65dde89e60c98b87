from pathlib import Path

import numpy as np

from groundwork.data.readers.arrays import pixel_samples


def test_equal_images_of_one_class_get_a_counter_and_others_their_own_name():
    pixels = np.zeros((4, 2, 2, 1), dtype=np.uint8)
    pixels[3] = 1
    samples = pixel_samples(pixels, ["a", "a", "b", "a"], ["train", "train", "test", "test"], Path("here"))
    first, second, third, fourth = samples.sample_id
    assert second == f"{first}-1"
    assert len({first, third, fourth}) == 3
    assert samples.official.tolist() == ["train", "train", "test", "test"]
