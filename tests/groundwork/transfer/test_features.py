import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundwork.core.cache import limit_cache
from groundwork.core.paths import ROOT
from groundwork.transfer import FeatureCache, feature_key

# Loads the one file, so that a worker starts without torch.
WORKER = """
import sys, time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
import numpy as np
source, folder, first, last, pause = sys.argv[1:]
spec = spec_from_file_location("features", source)
features = module_from_spec(spec)
spec.loader.exec_module(features)
features.PART_BYTES = 400
def compute(rows):
    time.sleep(float(pause))
    return [rows[:, None] * np.ones(3), -rows[:, None]]
features.FeatureCache(Path(folder), "key", 4, 1.0).features(np.arange(int(first), int(last)), compute)
"""
SOURCE = ROOT / "src" / "groundwork" / "transfer" / "features.py"


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(SOURCE), str(folder), *arguments])


def _compute(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[:, None] * np.ones(3), -rows[:, None]]


def _never(rows: np.ndarray) -> list[np.ndarray]:
    raise AssertionError(f"rows {rows} were there already")


def _cache(folder: Path) -> FeatureCache:
    return FeatureCache(folder, "key", batch_size=4, cap_gb=1.0)


def test_features_come_back_in_the_order_asked_with_repeats(tmp_path: Path):
    rows = np.array([9, 2, 2, 30, 5, 9])
    for compute in (_compute, _never):
        first, second = _cache(tmp_path).features(rows, compute)
        np.testing.assert_array_equal(first, rows[:, None] * np.ones(3))
        np.testing.assert_array_equal(second, -rows[:, None])
        assert first.dtype == np.float32


def test_only_rows_that_nobody_asked_before_are_computed(tmp_path: Path):
    seen: list[int] = []

    def compute(rows: np.ndarray) -> list[np.ndarray]:
        seen.extend(rows.tolist())
        return _compute(rows)

    steps: list[tuple[int, int]] = []
    _cache(tmp_path).features(np.arange(10), compute)
    _cache(tmp_path).features(
        np.arange(5, 15), compute, progress=lambda done, total: steps.append((done, total))
    )
    assert seen == list(range(15))
    assert steps == [(4, 5), (5, 5)]
    assert _cache(tmp_path).done().tolist() == list(range(15))


def test_a_killed_process_leaves_only_complete_features(tmp_path: Path):
    process = _start(tmp_path, "0", "4000", "0.005")
    while len(list(tmp_path.glob("key/*.safetensors"))) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = _cache(tmp_path).done()
    assert 0 < len(done) < 4000
    first, _ = _cache(tmp_path).features(done, _never)
    np.testing.assert_array_equal(first[:, 0], done)


def test_two_processes_may_fill_one_cache_at_once(tmp_path: Path):
    ranges = (("0", "60"), ("40", "100"))
    processes = [_start(tmp_path, *each, "0.001") for each in ranges]
    assert [process.wait() for process in processes] == [0, 0]
    first, second = _cache(tmp_path).features(np.arange(100), _never)
    np.testing.assert_array_equal(first[:, 2], np.arange(100))
    np.testing.assert_array_equal(second[:, 0], -np.arange(100))


def test_a_broken_part_is_computed_again(tmp_path: Path):
    _cache(tmp_path).features(np.arange(8), _compute)
    (part,) = tmp_path.glob("key/*.safetensors")
    part.write_bytes(part.read_bytes()[:100])
    first, _ = _cache(tmp_path).features(np.arange(8), _compute)
    np.testing.assert_array_equal(first[:, 0], np.arange(8))


def test_parts_that_another_process_removes_are_computed_again(tmp_path: Path):
    cache = _cache(tmp_path)
    calls = []

    def compute_while_another_clears(rows: np.ndarray) -> list[np.ndarray]:
        calls.append(rows)
        if len(calls) == 2:
            shutil.rmtree(tmp_path / "key", ignore_errors=True)
        return _compute(rows)

    _cache(tmp_path).features(np.arange(4), compute_while_another_clears)
    first, _ = cache.features(np.arange(8), compute_while_another_clears)
    np.testing.assert_array_equal(first[:, 0], np.arange(8))
    assert len(calls) == 3


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("groundwork.core.atomic.os.fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        _cache(tmp_path).features(np.arange(8), _compute)
    assert list((tmp_path / "key").iterdir()) == []


def test_the_cache_used_longest_ago_makes_room(tmp_path: Path):
    for number, key in enumerate(("old", "used", "new")):
        cache = FeatureCache(tmp_path, key, batch_size=50, cap_gb=1.0)
        cache.features(np.arange(50), _compute)
        time.sleep(0.02 * (number + 1))
    FeatureCache(tmp_path, "old", batch_size=50, cap_gb=1.0).features(np.arange(3), _never)
    size = sum(path.stat().st_size for path in (tmp_path / "new").iterdir())
    assert limit_cache([tmp_path], int(2.5 * size), keep=None) == [tmp_path / "used"]


def test_the_key_depends_on_every_part():
    assert feature_key(weights="a", image_size=300) == feature_key(image_size=300, weights="a")
    assert feature_key(weights="a", image_size=300) != feature_key(weights="a", image_size=299)


def test_a_cache_that_is_removed_while_it_is_read_leaves_no_file_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cache = FeatureCache(tmp_path, "key", 4, 1.0)
    rows = np.arange(3)
    compute = lambda rows: [np.ones((len(rows), 2), dtype=np.float32)]  # noqa: E731
    cache.features(rows, compute)
    parts = FeatureCache._parts

    def then_gone(self: FeatureCache) -> Iterator[Any]:
        yield from parts(self)
        shutil.rmtree(self.folder / self.key, ignore_errors=True)

    with monkeypatch.context() as patch:
        patch.setattr(FeatureCache, "_parts", then_gone)
        cache._load(rows)
    assert not (tmp_path / "key").exists()
    assert cache.features(rows, compute)[0].shape == (3, 2)
