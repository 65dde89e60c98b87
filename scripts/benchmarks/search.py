"""A search of fifty trials over the linear head of a frozen backbone, beside one full run and beside plain runs.

Photographs of solar cells through EfficientNet-Lite0. A full run and the search start as commands with an empty cache;
the first trial computes the features and the others read them, in the same process. A plain run trains the head for 30
epochs through the frozen backbone, loading by two workers, without validation; one is timed by one epoch after a first
one, times 30, and fifty by fifty times that.

    python scripts/benchmarks/search.py [--trials 50] [--runs 3] [--images 1836] [--image-size 300]
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch
from elpv_dataset.utils import load_dataset
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from groundwork.model import TimmBackbone

EPOCHS = 30
ROOT = Path(__file__).resolve().parents[2]


def seconds(script: str, words: list[str], cache: Path) -> tuple[float, float]:
    """Time a whole command with an empty cache: by the clock, and of the processors, which other work disturbs less."""
    shutil.rmtree(cache, ignore_errors=True)
    began, before = time.perf_counter(), os.times()
    command = [sys.executable, str(ROOT / "scripts" / script), *words, f"paths.cache={cache}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    processors = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, processors


def plain_run(images: int, image_size: int) -> tuple[float, float]:
    """Estimate a plain run: by the clock, and of the processors."""
    pixels, probability, _ = load_dataset()
    transform = transforms.Compose(
        [
            transforms.Resize((image_size, image_size)),
            transforms.Grayscale(3),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )

    class Cells(Dataset[tuple[torch.Tensor, int]]):
        def __len__(self) -> int:
            return images

        def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
            return transform(Image.fromarray(pixels[row])), int(probability[row] > 0.5)

    backbone = TimmBackbone("tf_efficientnet_lite0", True, 3, image_size, 0.0, "default").model
    network = nn.Sequential(backbone.requires_grad_(False), nn.Linear(backbone.num_features, 2)).eval()
    optimizer = torch.optim.AdamW(network[1].parameters(), lr=1e-3)
    loader = DataLoader(Cells(), batch_size=32, shuffle=True, num_workers=2)
    for epoch in range(2):
        began, before = time.perf_counter(), os.times()
        for image, label in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(image), label).backward()
            optimizer.step()
        del image, label, epoch
    return EPOCHS * (time.perf_counter() - began), EPOCHS * float(
        np.subtract(os.times()[:4], before[:4]).sum()
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--images", type=int, default=1836, help="for training")
    parser.add_argument("--image-size", type=int, default=300)
    given = parser.parse_args()
    words = ["experiment=solar_cells", "subset=stratified", f"subset.size={given.images}"]
    words.append(f"data.image_size={given.image_size}")
    runs: dict[str, list[tuple[float, float]]] = {"one run": [], "search": [], "plain run": []}
    for number in range(given.runs):
        with TemporaryDirectory() as folder:
            place = [*words, f"paths.runs={folder}/runs"]
            searched = [*place, "search=linear_head", f"search.trials={given.trials}", f"name=s-{number}"]
            runs["one run"].append(seconds("train.py", place, Path(folder) / "cache"))
            runs["search"].append(seconds("search.py", searched, Path(folder) / "cache"))
            runs["plain run"].append(plain_run(given.images, given.image_size))
    print(f"{platform.platform()}, {platform.processor() or 'processor unknown'}, {' '.join(words)}")
    for position, kind in enumerate(("clock", "processors")):
        times = {name: [one[position] for one in found] for name, found in runs.items()}
        for name, found in times.items():
            print(
                f"{kind:10} {name:9} min {min(found):7.1f}  median {median(found):7.1f}  max {max(found):7.1f} s"
            )
        search, run, plain = (median(times[name]) for name in ("search", "one run", "plain run"))
        print(
            f"{kind:10} {given.trials} trials take {search / run:.2f} x one full run; {given.trials} plain runs take "
            f"{given.trials * plain / search:.0f} x the search"
        )


if __name__ == "__main__":
    main()
