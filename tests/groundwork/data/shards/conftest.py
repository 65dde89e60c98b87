"""A folder of images, and the shards that were written of it: small chunks, so that there are many."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from groundwork.core.console import Console
from groundwork.data import ImageDataModule, convert_images

QUIET = Console(quiet=True)
NUM = 60


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos") / "root"
    rng = np.random.default_rng(0)
    for row in range(NUM):
        place = root / "abc"[row % 3] / f"{row}.{'png' if row % 2 else 'jpg'}"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels[..., 0] if row == 7 else pixels).save(place)
    (root / "a" / "again.png").write_bytes((root / "a" / "3.png").read_bytes())
    return root


def _of_folder(root: Path, cache: Path, **changes: object) -> ImageDataModule:
    return ImageDataModule.from_folder(root, cache=cache, image_size=16, normalize="train", **changes)


def _convert(root: Path, cache: Path, url: str, **changes: object):
    module = _of_folder(root, cache, **changes)
    return convert_images(*module.reader(), module.how, url, QUIET, chunk_bytes=4000)


@pytest.fixture(scope="session")
def shards(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("shards")
    _convert(folder, place / "cache", str(place / "out"))
    return place / "out"


def _of_shards(url: Path | str, cache: Path, **changes: object) -> ImageDataModule:
    given = {"image_size": 16, "normalize": "train", "num_workers": 0, **changes}
    return ImageDataModule.from_choice("shards", url=str(url), cache=cache, **given)


@pytest.fixture(scope="session")
def of_folder() -> Callable[..., ImageDataModule]:
    return _of_folder


@pytest.fixture(scope="session")
def of_shards() -> Callable[..., ImageDataModule]:
    return _of_shards


@pytest.fixture(scope="session")
def convert() -> Callable[..., dict[str, Any]]:
    return _convert
