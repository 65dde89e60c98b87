"""Time reading shards against decoding alone, ImageFolder, timm's loader and litdata's own; start and memory by size.

    uv run scripts/benchmarks/shards.py [folder of class folders of photographs, default: drawn ones] [rounds=3]

Every side gives batches of 32 RGB images of 224 x 224 from as many workers as there are processors, without
augmentation; "decoding alone" opens each file on threads and does nothing with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from shutil import copytree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet as parquet
import torch
from measure import alternate, machine, report, seconds
from PIL import Image
from store import decode_on_threads, draw, exhaust
from timm.data import create_dataset, create_loader
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from groundwork.core.console import Console
from groundwork.data import ImageDataModule, convert_images

SIZE, BATCH_SIZE, NUM_DRAWN = 224, 32, 320
WORKERS = os.cpu_count() or 1
TINY, GROWTH = 1500, (1, 10, 100)  # images, and how often the same chunks are named
TRANSFORM = v2.Compose([v2.Resize(SIZE), v2.CenterCrop(SIZE), v2.PILToTensor()])
QUIET = Console(quiet=True)


def write(folder: Path, url: Path, cache: Path, size: int) -> None:
    module = ImageDataModule.from_folder(folder, cache=cache, image_size=size)
    convert_images(*module.reader(), module.how, str(url), QUIET)


def shards(url: Path, cache: Path, size: int, workers: int) -> ImageDataModule:
    module = ImageDataModule.from_choice(
        "shards", url=str(url), cache=cache, image_size=size, num_workers=workers, batch_size=BATCH_SIZE
    )
    module.console = QUIET
    module.setup()
    return module


def whole(module: ImageDataModule) -> Iterable[object]:
    """Give an epoch over every sample, whatever its part."""
    module.hand_over({"train": np.arange(len(module.prepared.samples))})
    return module.apart()


def litdata_loader(url: Path) -> Iterable[object]:
    from litdata import StreamingDataLoader, StreamingDataset

    class Decoded(StreamingDataset):  # type: ignore[misc]  # litdata has no types
        def __getitem__(self, index: Any) -> Any:
            image, *_ = super().__getitem__(index)
            return TRANSFORM(Image.open(BytesIO(image)).convert("RGB"))

    return StreamingDataLoader(
        Decoded(str(url), shuffle=True), batch_size=BATCH_SIZE, num_workers=WORKERS, persistent_workers=True
    )


def sides(folder: Path, url: Path, cache: Path) -> dict[str, Callable[[], object]]:
    of_litdata = litdata_loader(url)
    exhaust(of_litdata)  # its workers hang if they are started in a process that has had others
    paths = sorted(map(str, folder.rglob("*.jpg")))
    ours = whole(shards(url, cache, SIZE, WORKERS))
    plain = DataLoader(
        ImageFolder(folder, TRANSFORM), BATCH_SIZE, True, num_workers=WORKERS, persistent_workers=True
    )
    of_timm = create_loader(
        create_dataset("", str(folder)), (3, SIZE, SIZE), BATCH_SIZE, is_training=True, no_aug=True,
        num_workers=WORKERS, use_prefetcher=False, persistent_workers=True,
    )  # fmt: skip
    return {
        "ours": lambda: exhaust(ours),
        "decoding alone": lambda: decode_on_threads(paths),
        "ImageFolder and DataLoader": lambda: exhaust(plain),
        "timm's loader": lambda: exhaust(of_timm),
        "litdata's own loader": lambda: exhaust(of_litdata),
    }


def repeat(url: Path, target: Path, times: int) -> None:
    """Name the same chunks again and again, with samples of other names."""
    copytree(url, target)
    index = json.loads((url / "index.json").read_text(encoding="utf-8"))
    index["chunks"] *= times
    (target / "index.json").write_text(json.dumps(index), encoding="utf-8")
    table = parquet.read_table(url / "samples.parquet")
    frame = table.to_pandas(ignore_metadata=True)
    frames = [
        frame.assign(sample_id=f"{turn}/" + frame.sample_id, digest=f"{turn:04d}" + frame.digest.str[4:])
        for turn in range(times)
    ]
    joint = pyarrow.concat_tables([pyarrow.Table.from_pandas(each, preserve_index=False) for each in frames])
    parquet.write_table(joint.replace_schema_metadata(table.schema.metadata), target / "samples.parquet")


def first_batch(url: Path, cache: Path) -> None:
    """Print seconds from the imports to the first batch, and the memory before and after, MiB."""
    before, began = _memory(), perf_counter()
    next(iter(shards(url, cache, 16, 0).apart()))
    print(json.dumps([perf_counter() - began, before, _memory()]))


def _memory() -> float:
    """Give the peak of this process; what the system counts of children includes the one that started them."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def grow(scratch: Path) -> None:
    tiny, rng = scratch / "tiny", np.random.default_rng(0)
    for row in range(TINY):
        path = tiny / f"class_{row % 10}" / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
    write(tiny, scratch / "tiny_shards", scratch / "cache", 16)
    for times in GROWTH:
        url = scratch / f"repeated_{times}"
        repeat(scratch / "tiny_shards", url, times)
        command = [sys.executable, __file__, "--first", str(url), str(scratch / "cache")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        took, before, after = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{TINY * times:>8,} samples: first batch after {took:.2f} s, {after:,.0f} MiB, "
            f"{after - before:,.0f} above the imports",
            flush=True,
        )


def main(folder: Path, scratch: Path, rounds: int) -> None:
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}", flush=True)
    cache, url = scratch / "cache", scratch / "shards"
    number = len([*folder.rglob("*.jpg")])
    print(f"written in {seconds(lambda: write(folder, url, cache, SIZE)):.1f} s: {number} images", flush=True)
    found = sides(folder, url, cache)
    speeds = [lambda work=work: number / seconds(work) for work in found.values()]
    ours, *others = alternate(speeds, rounds)
    wanted = ("at least 0.9", "at least 2", "none", "at least 1.0")
    for (name, theirs), aim in zip(zip([*found][1:], others, strict=True), wanted, strict=True):
        report(f"an epoch of shards / {name}", ours, theirs, "images/s", aim)
    print(f"load {os.getloadavg()[0]:.1f}, median {median(ours):.0f} images/s", flush=True)
    grow(scratch)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--first"]:
        first_batch(*map(Path, sys.argv[2:4]))
        raise SystemExit
    torch.set_num_threads(WORKERS)
    named = [word for word in sys.argv[1:] if not word.startswith("rounds=")]
    given = [int(word.removeprefix("rounds=")) for word in sys.argv[1:] if word not in named]
    with TemporaryDirectory() as temporary:
        drawn = Path(temporary) / "images"
        if not named:
            draw(drawn, NUM_DRAWN, (500, 375))
        main(Path(named[0]) if named else drawn, Path(temporary), given[0] if given else 3)
