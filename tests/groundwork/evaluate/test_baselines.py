import numpy as np

from groundwork.evaluate.baselines import small_pixels


def test_small_pixels_are_means_of_blocks():
    images = np.arange(2 * 4 * 6 * 1).reshape(2, 4, 6, 1).astype(np.uint8)
    found = small_pixels(images, np.array([1]), 2)
    assert found.shape == (1, 2 * 2)
    assert found[0, 0] == images[1, :2, :3].mean()
    assert small_pixels(images, np.array([0, 1]), 100).tolist() == images.reshape(2, -1).tolist()
