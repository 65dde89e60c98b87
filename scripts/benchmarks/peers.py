"""Time whole trainings against those of timm, fastai, plain Lightning and a plain loop: every side a fresh process.

    uv run --with fastai scripts/benchmarks/peers.py       # fine-tuning, images of Fashion-MNIST at 112 px
    uv run scripts/benchmarks/peers.py --sides ours again plain --rounds 3
    uv run scripts/benchmarks/peers.py --folder DIR        # photographs in DIR/train/CLASS, DIR/val/CLASS
    uv run scripts/benchmarks/peers.py --table             # 10,000 rows x 20 columns, three layers

All sides train EfficientNet-Lite0 from the same pretrained weights on the same files for the same epochs, in batches of
32, by AdamW at the same rate with a cosine, on crops and flips, and tell their accuracy on val. `ours` is train.py as
it is typed, with nothing cached: start, decoding, measuring of `execution=auto`, baselines, intervals, figures and the
report; `again` is the same once more. The others end with their accuracy. fastai must be asked for, timm's side is its
create_loader and the loop of its train script. The table's side is a perceptron by a DataLoader without workers.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

NAME, BATCH_SIZE, LR, DECAY = "tf_efficientnet_lite0", 32, 1e-3, 0.01
LAYERS = [128, 128, 128]
TRAIN_SCRIPT = Path(__file__).parents[1] / "train.py"
IMAGE_SIDES = ("ours", "again", "plain", "lightning", "timm", "fastai")


def network(weights: str, num_classes: int) -> Any:
    """Build the backbone from the weights that every side starts from, with a fresh classifier."""
    import timm
    import torch

    model = timm.create_model(NAME, pretrained=False, num_classes=num_classes)
    model.load_state_dict(torch.load(weights, weights_only=True), strict=False)
    return model


def loaders(folder: str, size: int) -> Any:
    """Read train and val as torchvision's users do."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    last = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)]
    seen = {
        "train": v2.Compose([v2.RandomResizedCrop(size, (0.6, 1.0)), v2.RandomHorizontalFlip(), *last]),
        "val": v2.Compose([v2.Resize((size, size)), *last]),
    }
    return {
        split: DataLoader(
            ImageFolder(f"{folder}/{split}", transform), BATCH_SIZE, shuffle=split == "train", num_workers=2,
            persistent_workers=True,
        )
        for split, transform in seen.items()
    }  # fmt: skip


def plain(folder: str, weights: str, size: int, epochs: int) -> float:
    """Train and validate by a hand-written loop."""
    import torch

    read = loaders(folder, size)
    model = network(weights, len(read["train"].dataset.classes))
    return fit(model, read, torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=DECAY), epochs)


def timm(folder: str, weights: str, size: int, epochs: int) -> float:
    """Train and validate by timm's loaders, optimizer and loop."""
    from timm.data import create_dataset, create_loader
    from timm.optim import create_optimizer_v2

    read = {}
    for split in ("train", "val"):
        dataset = create_dataset("", root=folder, split=split, is_training=split == "train")
        read[split] = create_loader(
            dataset, input_size=(3, size, size), batch_size=BATCH_SIZE, is_training=split == "train", num_workers=2,
            use_prefetcher=False, auto_augment="rand-m9-mstd0.5", interpolation="bicubic", mean=[0.5] * 3,
            std=[0.5] * 3, persistent_workers=True,
        )  # fmt: skip
    model = network(weights, len(read["train"].dataset.reader.class_to_idx))
    return fit(model, read, create_optimizer_v2(model, opt="adamw", lr=LR, weight_decay=DECAY), epochs)


def fit(model: Any, read: Any, optimizer: Any, epochs: int) -> float:
    """Train and validate in every epoch, the rate falling by a cosine; give the last accuracy on val."""
    import torch
    from torch.nn.functional import cross_entropy

    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(read["train"]))
    accuracy = 0.0
    for _ in range(epochs):
        model.train()
        for inputs, label in read["train"]:
            optimizer.zero_grad()
            cross_entropy(model(inputs), label).backward()
            optimizer.step()
            schedule.step()
        model.eval()
        with torch.inference_mode():
            right = [(model(inputs).argmax(1) == label) for inputs, label in read["val"]]
        accuracy = float(torch.cat(right).float().mean())
    return accuracy


def lightning(folder: str, weights: str, size: int, epochs: int) -> float:
    """Train and validate by Lightning with the metrics of torchmetrics."""
    import torch
    from lightning.pytorch import LightningModule, Trainer
    from torch.nn.functional import cross_entropy
    from torchmetrics.classification import MulticlassAccuracy

    read = loaders(folder, size)
    num_classes, steps = len(read["train"].dataset.classes), epochs * len(read["train"])

    class Plain(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = network(weights, num_classes)
            self.right = MulticlassAccuracy(num_classes, average="micro")

        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            loss = cross_entropy(self.net(batch[0]), batch[1])
            self.log("train/loss", loss, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.right(self.net(batch[0]), batch[1])
            self.log("val/accuracy", self.right)

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.AdamW(self.parameters(), lr=LR, weight_decay=DECAY)
            cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}

    with TemporaryDirectory() as place:
        trainer = Trainer(accelerator="cpu", max_epochs=epochs, default_root_dir=place)
        trainer.fit(Plain(), read["train"], read["val"])
    return float(trainer.callback_metrics["val/accuracy"])


def fastai(folder: str, weights: str, size: int, epochs: int) -> float:
    """Train and validate by fastai's loaders and learner."""
    from fastai.vision.all import (
        CrossEntropyLossFlat,
        FlipItem,
        ImageDataLoaders,
        Learner,
        Normalize,
        Resize,
        accuracy,
    )

    read = ImageDataLoaders.from_folder(
        folder, train="train", valid="val", item_tfms=Resize(size, method="squash"), bs=BATCH_SIZE, num_workers=2,
        batch_tfms=[FlipItem(), Normalize.from_stats([0.5] * 3, [0.5] * 3, cuda=False)],
    )  # fmt: skip
    learner = Learner(
        read, network(weights, read.c), loss_func=CrossEntropyLossFlat(), metrics=accuracy, wd=DECAY
    )
    learner.fit_one_cycle(epochs, LR)
    return float(learner.validate()[1])


def table(place: str, weights: str, size: int, epochs: int) -> float:
    """Train a perceptron on a table by a DataLoader."""
    import pandas as pd
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    read = {}
    for split in ("train", "val"):
        rows = pd.read_csv(f"{place}/rows.csv").query("part == @split")
        values = torch.tensor(rows.filter(like="c").to_numpy(), dtype=torch.float32)
        labels = torch.tensor((rows["label"] == "yes").to_numpy(), dtype=torch.int64)
        read[split] = DataLoader(TensorDataset(values, labels), BATCH_SIZE, shuffle=split == "train")
    widths = [20, *LAYERS]
    layers = [
        part
        for one, other in zip(widths, LAYERS, strict=False)
        for part in (nn.Linear(one, other), nn.ReLU())
    ]
    model = nn.Sequential(*layers, nn.Linear(widths[-1], 2))
    return fit(model, read, torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=DECAY), epochs)


PEERS: dict[str, Callable[[str, str, int, int], float]] = {
    "plain": plain, "lightning": lightning, "timm": timm, "fastai": fastai, "table": table,
}  # fmt: skip


def ours(words: list[str], scratch: Path) -> float:
    """Run train.py, and read the accuracy on val from its folder."""
    places = [f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}", "name=peer"]
    done = subprocess.run(
        [sys.executable, str(TRAIN_SCRIPT), *words, *places], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    run = max((scratch / "runs" / "peer").iterdir())
    return float(json.loads((run / "result.json").read_text(encoding="utf-8"))["val"]["accuracy"])


def image_words(folder: Path, size: int, epochs: int) -> list[str]:
    """Say the training of images in our words."""
    return [
        *("data=image_folder", f"data.root={folder}", f"data.image_size={size}", "data.resize=squash"),
        *("split=official", f"data.batch_size={BATCH_SIZE}", "model=efficientnet_lite0"),
        *("transfer=large_different", "augment=light", "monitor=accuracy", f"trainer.max_epochs={epochs}"),
        *(f"optim.lr={LR}", f"optim.weight_decay={DECAY}", "callbacks.early_stopping.patience=null"),
    ]


def table_words(place: Path, epochs: int) -> list[str]:
    """Say the training of a table in our words."""
    return [
        *("data=table", f"data.table={place / 'rows.csv'}", "data.target=label", "data.split_column=part"),
        *("split=official", f"data.batch_size={BATCH_SIZE}", "model=mlp", f"model.hidden={LAYERS}"),
        *("transfer=none", "monitor=accuracy", f"trainer.max_epochs={epochs}", f"optim.lr={LR}"),
        *(f"optim.weight_decay={DECAY}", "model.dropout=0", "callbacks.early_stopping.patience=null"),
    ]


def prepare(place: Path, arguments: argparse.Namespace) -> Path:
    """Write the files that all sides read, and the weights that they start from."""
    import numpy as np
    import pandas as pd
    import torch

    if arguments.table:
        rng = np.random.default_rng(0)
        values = rng.normal(size=(10_000, 20))
        rows = pd.DataFrame(values, columns=[f"c{number}" for number in range(20)])
        rows["label"] = np.where(values[:, :5].sum(1) + rng.normal(size=10_000) > 0, "yes", "no")
        rows["part"] = np.repeat(["train", "val", "test"], [7_000, 1_500, 1_500])
        rows.to_csv(place / "rows.csv", index=False)
        return place
    import frozen_head

    from groundwork.model import TimmBackbone

    backbone = TimmBackbone(NAME, True, 3, arguments.size, 0.0, "default").model
    torch.save(backbone.state_dict(), place / "weights.pt")
    if arguments.folder:
        return Path(arguments.folder).absolute()
    frozen_head.COUNTS = {"train": arguments.images, "val": 600, "test": 100}
    frozen_head.write_images(place / "images")
    return place / "images"


def main() -> None:
    """Let the sides take turns, and print seconds, accuracy and the ratio to ours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides", nargs="+", choices=IMAGE_SIDES, default=[*IMAGE_SIDES])
    parser.add_argument("--table", action="store_true", help="time the training of a table instead")
    parser.add_argument("--folder", help="with train/CLASS and val/CLASS, instead of Fashion-MNIST")
    parser.add_argument("--images", type=int, default=1400, help="for train")
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", nargs=3, metavar=("SIDE", "PLACE", "WEIGHTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        side, place, weights = arguments.peer
        print(json.dumps(PEERS[side](place, weights, arguments.size, arguments.epochs)))
        return
    with TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        place = prepare(scratch, arguments)
        words = image_words(place, arguments.size, arguments.epochs)
        words = table_words(place, arguments.epochs) if arguments.table else words
        sides = ["ours", "again", "table"] if arguments.table else arguments.sides
        found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side in sides:
                if side == "ours":
                    rmtree(scratch / "cache", ignore_errors=True)
                began = perf_counter()
                accuracy = (
                    ours(words, scratch)
                    if side in ("ours", "again")
                    else peer(side, place, scratch, arguments)
                )
                found[side].append((perf_counter() - began, accuracy))
                print(f"{side:10} {found[side][-1][0]:7.1f} s   accuracy {accuracy:.4f}", flush=True)
    print(f"medians of {arguments.rounds}, {arguments.epochs} epochs")
    for side, each in found.items():
        ratios = [one[0] / mine[0] for one, mine in zip(each, found[sides[0]], strict=True)]
        took, accuracy = median(one[0] for one in each), median(one[1] for one in each)
        print(f"{side:10} {took:7.1f} s   accuracy {accuracy:.4f}   {median(ratios):.2f} times {sides[0]}")


def peer(side: str, place: Path, scratch: Path, arguments: argparse.Namespace) -> float:
    """Run one of the others as a process of its own; its last line is its accuracy."""
    command = [sys.executable, __file__, "--peer", side, str(place), str(scratch / "weights.pt")]
    command += ["--size", str(arguments.size), "--epochs", str(arguments.epochs)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{side}: {done.stderr.strip().splitlines()[-1]}")
    return float(json.loads(done.stdout.strip().splitlines()[-1]))


if __name__ == "__main__":
    main()
