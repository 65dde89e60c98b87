"""Measure scenario 1 against a plain loop: features once and an exact head, or 30 epochs through a frozen network.

14,000 training and 2,000 validation images of Fashion-MNIST at 96 pixels, in a folder per class; EfficientNet-Lite0
with ImageNet weights. Ours is the whole command `train.py transfer=small_similar`: start, decoding, features, a head
at every strength, baselines and report. The plain loop reads the same folder through torchvision with two workers,
freezes the backbone by requires_grad (BatchNorm by its stored statistics, so that both fit the same function) and
trains the head by AdamW.

    python scripts/benchmarks/frozen_head.py                 # 30 epochs of the plain loop: long
    python scripts/benchmarks/frozen_head.py --epochs 1      # the time of 30 is extrapolated

Epochs that are not run through the network go on with its features: it is frozen, so that the head sees the same.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from groundwork.data import read_fashion_mnist
from groundwork.model import TimmBackbone

TRAIN_SCRIPT = Path(__file__).parents[1] / "train.py"
COUNTS = {"train": 14_000, "val": 2_000, "test": 100}
EPOCHS, IMAGE_SIZE, BATCH_SIZE, LR = 30, 96, 32, 1e-3
LITE_STATISTICS = ([0.5] * 3, [0.5] * 3)


def write_images(folder: Path) -> None:
    samples = read_fashion_mnist(folder / "absent", download=False)
    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(0)).tolist()
    for split, count in COUNTS.items():
        rows, order = order[:count], order[count:]
        for row in rows:
            target = folder / split / str(samples.target.iloc[row, 0]).replace("/", "-")
            target.mkdir(parents=True, exist_ok=True)
            Image.fromarray(samples.pixels[row, ..., 0]).save(target / f"{row}.png")


def ours(images: Path, scratch: Path) -> tuple[float, float]:
    words = [
        *("data=image_folder", f"data.root={images}", f"data.image_size={IMAGE_SIZE}", "data.resize=squash"),
        *(
            "split=official",
            "model=efficientnet_lite0",
            "transfer=small_similar",
            "trainer=cpu",
            "execution=plain",
        ),
        *(
            "monitor=accuracy",
            "name=ours",
            f"paths.runs={scratch / 'runs'}",
            f"paths.cache={scratch / 'cache'}",
        ),
    ]
    began = time.perf_counter()
    subprocess.run([sys.executable, str(TRAIN_SCRIPT), *words], check=True)
    seconds = time.perf_counter() - began
    (run,) = (scratch / "runs" / "ours").iterdir()
    return seconds, json.loads((run / "result.json").read_text(encoding="utf-8"))["val"]["accuracy"]


def plain_loop(images: Path, epochs: int) -> tuple[float, float]:
    began = time.perf_counter()
    transform = transforms.Compose(
        [
            transforms.Resize((IMAGE_SIZE, IMAGE_SIZE)),
            transforms.ToTensor(),
            transforms.Normalize(*LITE_STATISTICS),
        ]
    )
    loaders = {
        split: DataLoader(
            ImageFolder(str(images / split), transform),
            batch_size=BATCH_SIZE,
            shuffle=split == "train",
            num_workers=2,
        )
        for split in ("train", "val")
    }
    backbone = TimmBackbone("tf_efficientnet_lite0", True, 3, IMAGE_SIZE, 0.0, "default").model
    network = nn.Sequential(backbone.requires_grad_(False), nn.Linear(backbone.num_features, 10)).eval()
    optimizer = torch.optim.AdamW(network[1].parameters(), lr=LR)
    for _ in range(epochs):
        for image, label in loaders["train"]:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(image), label).backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    features = {split: read_features(network[0], loader) for split, loader in loaders.items()}
    inputs, labels = features["train"]
    for _ in range(EPOCHS - epochs):
        for rows in torch.randperm(len(labels)).split(BATCH_SIZE):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network[1](inputs[rows]), labels[rows]).backward()
            optimizer.step()
    inputs, labels = features["val"]
    return seconds * EPOCHS / epochs, float((network[1](inputs).argmax(1) == labels).float().mean())


@torch.no_grad()
def read_features(backbone: nn.Module, loader: Iterable[list[Tensor]]) -> tuple[Tensor, Tensor]:
    parts = [(backbone(image), label) for image, label in loader]
    features, labels = zip(*parts, strict=True)
    return torch.cat(features), torch.cat(labels)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the plain loop that are really run")
    epochs = parser.parse_args().epochs
    with tempfile.TemporaryDirectory() as scratch:
        images = Path(scratch) / "images"
        write_images(images)
        seconds, accuracy = ours(images, Path(scratch))
        plain_seconds, plain_accuracy = plain_loop(images, epochs)
    print(f"threads {torch.get_num_threads()}, torch {torch.__version__}, {COUNTS['train']} training images")
    print(f"features once, exact head   {seconds:8.0f} s   accuracy on val {accuracy:.4f}")
    print(f"plain loop, {EPOCHS} epochs       {plain_seconds:8.0f} s   accuracy on val {plain_accuracy:.4f}")
    print(f"faster by a factor of {plain_seconds / seconds:.1f}")


if __name__ == "__main__":
    main()
