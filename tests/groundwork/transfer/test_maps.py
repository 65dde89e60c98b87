from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from groundwork.transfer import MapCache


def _compute(rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Give (B, 2, 3, 4) maps of which each number tells its row and place."""
    places = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    return [rows.astype(np.float32)[:, None, None, None] * 100 + places]


def _never(_: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    raise AssertionError("what is cached must not be computed")


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_maps_come_back_channels_last_and_are_computed_once(tmp_path: Path, dtype: type[np.float16]):
    rows, seen = np.array([4, 1, 7, 2, 9]), []
    cache = MapCache(tmp_path, "key", batch_size=2, cap_gb=1.0)
    maps = cache.maps(rows, _compute, dtype, lambda done, count: seen.append((done, count)))
    assert maps.dtype == dtype
    np.testing.assert_array_equal(maps, _compute(rows)[0].transpose(0, 2, 3, 1))
    assert seen == [(2, 5), (4, 5), (5, 5)]
    assert not maps.flags.writeable
    np.testing.assert_array_equal(cache.maps(rows, _never, dtype), maps)


def test_a_pass_that_is_broken_off_leaves_nothing_behind(tmp_path: Path):
    def breaks(rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        if rows[0] > 1:
            raise OSError("no space left")
        return _compute(rows)

    cache = MapCache(tmp_path, "key", batch_size=2, cap_gb=1.0)
    with pytest.raises(OSError, match="no space left"):
        cache.maps(np.arange(6), breaks, np.float32)
    assert list((tmp_path / "key").iterdir()) == []
    assert len(cache.maps(np.arange(6), _compute, np.float32)) == 6


def test_the_maps_used_longest_ago_make_room(tmp_path: Path):
    MapCache(tmp_path, "old", batch_size=4, cap_gb=1.0).maps(np.arange(8), _compute, np.float32)
    MapCache(tmp_path, "new", batch_size=4, cap_gb=1e-6).maps(np.arange(8), _compute, np.float32)
    assert [home.name for home in tmp_path.iterdir()] == ["new"]
