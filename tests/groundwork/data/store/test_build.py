"""A folder of decoded images is whole or not there, whoever is killed and however many build it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groundwork.data.store import build as store_build
from groundwork.data.store.build import build
from groundwork.data.store.origin import Files
from groundwork.data.store.resize import Form

NUM_IMAGES = 8
FORM = Form((16, 16), 3, "uint8", "squash", None)
BUILDER = """
import sys, time
from pathlib import Path
from groundwork.data.store.origin import Files
from groundwork.data.store.resize import Form
from groundwork.data.store.build import build

class Slow(Files):
    def decode(self, row, least):
        time.sleep(float(sys.argv[3]))
        return super().decode(row, least)

paths = [Path(sys.argv[1]) / f"{row}.png" for row in range(int(sys.argv[4]))]
build(Slow(paths), Form((16, 16), 3, "uint8", "squash", None), {}, Path(sys.argv[2]), 2, True, None)
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(0)
    paths = [tmp_path / "images" / f"{row}.png" for row in range(NUM_IMAGES)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)).save(path)
    return Files(paths)


def start_builder(images: Path, folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(images), str(folder), str(seconds), str(NUM_IMAGES)]
    )


def test_a_build_killed_half_way_leaves_nothing_that_a_later_one_believes(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store" / "key"
    builder = start_builder(tmp_path / "images", folder, 5.0)
    while not list(folder.parent.glob(".building-*/images.npy")) and builder.poll() is None:
        time.sleep(0.01)
    builder.kill()
    builder.wait()
    left = list(folder.parent.glob(".building-*"))
    assert len(left) == 1
    assert not folder.exists()
    build(files, FORM, {}, folder, 2, True, None)
    images = np.load(folder / "images.npy", mmap_mode="r")
    for row, path in enumerate(files.paths):
        with Image.open(path) as image:
            expected = np.asarray(image.resize((16, 16), Image.Resampling.BICUBIC), dtype=int)
        assert np.abs(images[row] - expected).max() <= 2
    assert left[0].exists()  # it may belong to a builder that is still at work
    monkeypatch.setattr(store_build, "ABANDONED_SECONDS", -1.0)
    build(files, FORM, {}, tmp_path / "store" / "other", 2, True, None)
    assert not list(folder.parent.glob(".building-*"))


def test_two_builders_at_once_end_with_one_whole_folder(files: Files, tmp_path: Path) -> None:
    folder = tmp_path / "store" / "key"
    builders = [start_builder(tmp_path / "images", folder, 0.1) for _ in range(2)]
    assert [builder.wait() for builder in builders] == [0, 0]
    assert [path.name for path in folder.parent.iterdir()] == ["key"]
    record = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    assert len(set(record["digest"])) == NUM_IMAGES
    assert np.load(folder / "images.npy").shape == (NUM_IMAGES, 16, 16, 3)


def test_the_second_of_two_builders_leaves_the_first_ones_work_alone(files: Files, tmp_path: Path) -> None:
    folder = tmp_path / "store" / "key"
    build(files, FORM, {}, folder, 2, True, None)
    written = (folder / "store.json").stat().st_mtime_ns
    build(files, FORM, {}, folder, 2, True, None)
    assert (folder / "store.json").stat().st_mtime_ns == written
    assert not list(folder.parent.glob(".building-*"))


def test_an_error_while_building_leaves_no_trace(files: Files, tmp_path: Path) -> None:
    def interrupt(done: int, number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(files, FORM, {}, tmp_path / "store" / "key", 2, True, interrupt)
    assert list((tmp_path / "store").iterdir()) == []


def test_hashing_alone_finds_the_same_and_keeps_no_pixels(files: Files, tmp_path: Path) -> None:
    records = []
    for name, keep in (("kept", True), ("hashed", False)):
        build(files, FORM, {3: "is broken"}, tmp_path / name, 2, keep, None)
        records.append(json.loads((tmp_path / name / "store.json").read_text(encoding="utf-8")))
        assert (tmp_path / name / "images.npy").exists() == keep
    assert records[0] == records[1]
    assert records[0]["bad"] == {"3": "is broken"}
