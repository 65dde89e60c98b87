"""Time fine-tuning of EfficientNet-Lite0 at 160 pixels against timm's recipe and plain Lightning at their defaults.

    python scripts/benchmarks/fine_tune.py [images=640] [rounds=3]

All read the same folder of JPEG photographs, drawn here, and train one epoch of the same network in batches of 32.
Ours: decoded once into the store, execution as `trainer=auto` chose it, augment=light. timm: create_dataset,
create_loader with its default augmentation, create_optimizer_v2 (AdamW), and the loop of its train script. Plain
Lightning: ImageFolder with random crop and flip, DataLoader with 2 workers, torchmetrics at every step, self.log, as
lightning-hydra-template wires it. The second epoch is timed, when workers run and kernels are warm.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import timm
import torch
from clock import Clock
from lightning.pytorch import LightningModule, Trainer
from measure import alternate, machine, report
from store import draw
from timm.data import create_dataset, create_loader
from timm.optim import create_optimizer_v2
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchmetrics import MaxMetric, MeanMetric
from torchmetrics.classification import MulticlassAccuracy
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from groundwork.core.console import Console
from groundwork.core.noise import silence
from groundwork.launch.config.compose import compose_run
from groundwork.launch.start import begin
from groundwork.train.callbacks import history

NAME, SIZE, BATCH_SIZE = "tf_efficientnet_lite0", 160, 32


def ours(folder: Path, scratch: Path) -> float:
    words = [
        *(
            "data=image_folder",
            f"data.root={folder}",
            f"data.image_size={SIZE}",
            f"data.batch_size={BATCH_SIZE}",
        ),
        *("split.fractions=[0.98,0.01,0.01]", "model=efficientnet_lite0", "transfer=large_different"),
        *("augment=light", "trainer.max_epochs=2", "metrics.resamples=2", "report.photos=false"),
        *(f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}"),
    ]
    begin(compose_run(words), Console(quiet=True))
    return Clock.epochs[-1]


def timm_recipe(folder: Path) -> float:
    model = timm.create_model(NAME, pretrained=False, num_classes=2)
    optimizer = create_optimizer_v2(model, opt="adamw", lr=1e-3)
    dataset = create_dataset("", root=str(folder), split="train", is_training=True)
    loader = create_loader(
        dataset,
        input_size=(3, SIZE, SIZE),
        batch_size=BATCH_SIZE,
        is_training=True,
        num_workers=2,
        use_prefetcher=False,
        auto_augment="rand-m9-mstd0.5",
        interpolation="random",
        persistent_workers=True,
    )
    model.train()

    def epoch() -> float:
        first = 0.0
        for image, label in loader:
            optimizer.zero_grad()
            cross_entropy(model(image), label).backward()
            optimizer.step()
            first = first or perf_counter()
        return (perf_counter() - first) / (len(loader) - 1)

    epoch()
    return epoch()


class PlainModule(LightningModule):
    """Do at every step what lightning-hydra-template does."""

    def __init__(self) -> None:
        super().__init__()
        self.net = timm.create_model(NAME, pretrained=False, num_classes=2)
        self.train_acc, self.train_loss, self.best = MulticlassAccuracy(2), MeanMetric(), MaxMetric()
        self.epochs: list[float] = []

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        image, label = batch
        logits = self.net(image)
        loss = cross_entropy(logits, label)
        self.train_loss(loss)
        self.train_acc(logits.argmax(1), label)
        self.log("train/loss", self.train_loss, on_step=False, on_epoch=True, prog_bar=True)
        self.log("train/acc", self.train_acc, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self.began = perf_counter()
        elif self.trainer.is_last_batch:
            self.epochs.append((perf_counter() - self.began) / batch_idx)

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=1e-3, weight_decay=0.0)


def plain_lightning(folder: Path) -> float:
    statistics = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)]
    transform = v2.Compose([v2.RandomResizedCrop(SIZE), v2.RandomHorizontalFlip(), *statistics])
    loader = DataLoader(
        ImageFolder(folder, transform), BATCH_SIZE, shuffle=True, num_workers=2, persistent_workers=True
    )
    module = PlainModule()
    options = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    Trainer(accelerator="cpu", max_epochs=2, enable_progress_bar=False, **options).fit(module, loader)  # type: ignore[arg-type]
    return module.epochs[-1]


def main(images: int, rounds: int) -> None:
    silence()
    history.ProgressBar = Clock  # type: ignore[misc]  # the only place from which epochs can be timed unseen
    print(machine())
    with TemporaryDirectory() as temporary:
        folder, scratch = Path(temporary) / "images", Path(temporary)
        draw(folder, images)
        sides: list[Callable[[], float]] = [
            lambda: ours(folder, scratch),
            lambda: timm_recipe(folder),
            lambda: plain_lightning(folder),
        ]
        speeds = [[BATCH_SIZE / each for each in side] for side in alternate(sides, rounds)]
        report("fine-tuning / timm recipe", speeds[0], speeds[1], "img/s", "at least 1.3")
        report("fine-tuning / plain Lightning", speeds[0], speeds[2], "img/s", "at least 1.3")


if __name__ == "__main__":
    given = {"images": "640", "rounds": "3"} | dict(word.split("=") for word in sys.argv[1:])
    main(int(given["images"]), int(given["rounds"]))
