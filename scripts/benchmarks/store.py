"""Time the store of decoded images against the same library alone, against memory, and against torchvision.

    uv run scripts/benchmarks/store.py [folder of class folders of photographs, default: drawn ones]

Prints ratios of speeds, each the median over rounds in which both sides take turns, since machines drift.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from groundwork.data.batches import Batches
from groundwork.data.datamodule import GroundworkDataModule
from groundwork.data.order import Order
from groundwork.data.samples import Samples
from groundwork.data.store.store import Store, build_store

SIZE, BATCH_SIZE, ROUNDS = 160, 32, 5
WORKERS = os.cpu_count() or 1


def draw(folder: Path, num_images: int, size: tuple[int, int] = (1280, 960)) -> None:
    """Write photograph-like JPEG files of two classes, width x height, smaller than a phone takes them."""
    rng = np.random.default_rng(0)
    for row in range(num_images):
        coarse = Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize(size)
        noisy = np.asarray(coarse, dtype=np.int16) + rng.integers(-12, 12, (*size[::-1], 3))
        path = folder / f"class_{row % 2}" / f"{row}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(path, quality=90)


def read(folder: Path) -> Samples:
    paths = pd.Series(sorted(str(path) for path in folder.rglob("*.jpg")))
    return Samples(
        kind="image",
        sample_id=paths.map(lambda path: Path(path).relative_to(folder).as_posix()),
        target=pd.DataFrame({"label": paths.map(lambda path: Path(path).parent.name)}),
        inputs=pd.DataFrame(index=range(len(paths))),
        categorical=(),
        root=folder,
        path=paths,
    )


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def exhaust(batches: Iterable[object]) -> None:
    for _ in batches:
        pass


def decode(path: str) -> tuple[int, ...]:
    """Decode one file as torchvision's ImageFolder does."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).shape


def decode_on_threads(paths: Iterable[str]) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        exhaust(pool.map(decode, paths))


def build(samples: Samples, cache: Path) -> Store:
    rmtree(cache, ignore_errors=True)
    store = build_store(samples, SIZE, "crop", cache, WORKERS, None, 2**40, None)
    assert isinstance(store, Store)
    return store


def report(name: str, ours: list[float], theirs: list[float], number: int, unit: str, wanted: str) -> None:
    """Print speeds and the median of the ratios of each round."""
    ratio = median(their / our for our, their in zip(ours, theirs, strict=True))
    speeds = f"{number / median(ours):10,.0f} against {number / median(theirs):10,.0f} {unit}"
    print(f"{name:44}{speeds:40} ratio {ratio:7.2f}, {wanted}", flush=True)


def epoch_of_slices(images: torch.Tensor, target: torch.Tensor) -> None:
    order = torch.randperm(len(images))
    for start in range(0, len(order), BATCH_SIZE):
        index = order[start : start + BATCH_SIZE]
        _ = images[index], target[index]


def main(folder: Path, scratch: Path) -> None:
    samples, cache = read(folder), scratch / "cache"
    paths = list(samples.path if samples.path is not None else [])
    print(
        f"{len(paths)} images, {SIZE} pixels, batches of {BATCH_SIZE}, {WORKERS} threads, median of {ROUNDS} rounds"
    )
    decode_on_threads(paths)  # brings the files into memory, as the second of two runs would find them
    built, alone, threads = [], [], []
    for _ in range(ROUNDS):
        built.append(seconds(lambda: build(samples, cache)))
        alone.append(seconds(lambda: exhaust(map(decode, paths))))
        threads.append(seconds(lambda: decode_on_threads(paths)))
    report("build the store / decode in a loop", built, alone, len(paths), "images/s", "at least 0.9")
    report(
        "build the store / decode on threads", built, threads, len(paths), "images/s", "no resize, no hash"
    )

    store = build(samples, cache)
    target = pd.factorize(samples.target["label"])[0].astype(np.int64)
    rows = {"train": np.arange(len(store))}
    loader: Batches = GroundworkDataModule(
        store, target, rows, BATCH_SIZE, Order(0), None, False
    ).train_dataloader()
    images, labels = torch.from_numpy(store.images.copy()), torch.from_numpy(target)
    exhaust(loader)
    from_store, sliced = [], []
    for _ in range(4 * ROUNDS):
        from_store.append(seconds(lambda: exhaust(loader)))
        sliced.append(seconds(lambda: epoch_of_slices(images, labels)))
    report(
        "second epoch of the store / slice a tensor",
        from_store,
        sliced,
        len(loader),
        "batches/s",
        "at least 0.8",
    )

    transform = v2.Compose([v2.Resize(SIZE), v2.CenterCrop(SIZE), v2.PILToTensor()])
    peer = DataLoader(
        ImageFolder(folder, transform), BATCH_SIZE, shuffle=True, num_workers=2, persistent_workers=True
    )
    exhaust(peer)
    loaded = [seconds(lambda: exhaust(peer)) for _ in range(2)]
    report(
        "second epoch of the store / ImageFolder",
        from_store[:2],
        loaded,
        len(loader),
        "batches/s",
        "at least 10",
    )
    again = [
        seconds(lambda: build_store(samples, SIZE, "crop", cache, WORKERS, None, 2**40, None))
        for _ in range(3)
    ]
    print(f"find the finished store again: {1000 * median(again):.0f} ms")


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        drawn = Path(temporary) / "images"
        if len(sys.argv) < 2:
            draw(drawn, 300)
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else drawn, Path(temporary))
