"""Time small images and an exact head on a GPU: ten epochs of 28-pixel images against a hand-written loop.

    python scripts/benchmarks/gpu_small.py [train=50000] [val=10000] [batch=512] [epochs=10] [rounds=3]

Both sides train a network like ResNet-9 in bfloat16 by SGD on grey images as many and as large as Fashion-MNIST's
(drawn at random: only the time counts) and measure val after each epoch. The loop keeps all images on the GPU and does
nothing else: no checkpoint, no history. Ours is a whole phase of training with all callbacks of a run. Then a softmax
head on 14,000 x 1,280 features of 100 classes is solved at every default strength.
"""

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from clock import Clock, wait
from measure import alternate, machine, report, seconds
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from groundwork.core.console import Console
from groundwork.core.noise import silence
from groundwork.core.run_folder import RunFolder
from groundwork.data import Store
from groundwork.launch.config.compose import compose_run
from groundwork.train.build import describe_data
from groundwork.train.callbacks import history
from groundwork.train.context import build_context
from groundwork.train.fit import fit
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples
from groundwork.transfer import solve_head

CLASSES, SIZE = 10, 28
HEAD = 14_000, 1_280, 100


def layer(before: int, after: int, pool: bool = False) -> nn.Sequential:
    parts = [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*parts, *([nn.MaxPool2d(2)] if pool else []))


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.body = nn.Sequential(layer(width, width), layer(width, width))

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.body(maps)


class ResNet9(nn.Sequential):
    """Eight convolutions; the head is the ninth layer."""

    def __init__(self, in_chans: int):
        first = layer(in_chans, 64), layer(64, 128, pool=True), Residual(128)
        super().__init__(*first, layer(128, 256, pool=True), layer(256, 512, pool=True), Residual(512))


class Race:
    """Train the same network in both ways; each side gives its seconds."""

    def __init__(self, given: dict[str, str], scratch: Path):
        self.batch, self.epochs, self.scratch = int(given["batch"]), int(given["epochs"]), scratch
        train, val = int(given["train"]), int(given["val"])
        words = (
            *("data=digits", "data.image_size=8", "task=classification", "model=plain"),
            *("model.backbone._target_=gpu_small.ResNet9", "transfer=scratch", "optim=sgd", "schedule=one_cycle"),
            *("loss=cross_entropy", "trainer.precision=bf16-mixed", "callbacks.early_stopping.patience=null"),
            *(f"trainer.max_epochs={self.epochs}", f"data.batch_size={self.batch}"),
            *(f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}"),
        )  # fmt: skip
        self.console, self.config = Console(quiet=True), compose_run(words).config
        samples, target = read_samples(self.config)
        prepared = prepare(self.config, samples, target, self.console)
        self.config.data.image_size = SIZE
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 256, (train + val, SIZE, SIZE, 1), dtype=np.uint8)
        self.label = np.concatenate([rng.permutation(np.arange(number) % CLASSES) for number in (train, val)])
        rows = {"train": np.arange(train), "val": np.arange(train, train + val)}
        source = Store(np.zeros(train + val, dtype=np.str_), [], [], self.images)
        self.prepared = replace(prepared, source=source, rows=rows, encoded=self.label)
        self.data = describe_data(self.config, self.prepared)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.steps: list[float] = []

    def ours(self) -> float:
        before = len(Clock.epochs)
        context = build_context(
            RunFolder.create(self.scratch, "gpu"), self.config, self.prepared, self.data, self.console
        )
        took = seconds(lambda: (fit(context), wait()))
        per_epoch = len(self.prepared.rows["train"]) // self.batch
        self.steps.append(sum(Clock.epochs[before:]) * per_epoch)
        return took

    def loop(self) -> float:
        return seconds(self._loop)

    def _loop(self) -> None:
        pixels = torch.from_numpy(self.images).to(self.device).permute(0, 3, 1, 2)
        label, train = torch.from_numpy(self.label).to(self.device), len(self.prepared.rows["train"])
        net = nn.Sequential(ResNet9(1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, CLASSES))
        net = net.to(self.device, memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(net.parameters(), 0.1, 0.9, weight_decay=5e-4, nesterov=True)
        steps = train // self.batch
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, self.epochs * steps)

        def output(rows: Tensor) -> Tensor:
            with torch.autocast(self.device.type, torch.bfloat16):
                return net((pixels[rows].float() / 255 - 0.5) / 0.5)

        for _ in range(self.epochs):
            net.train()
            for rows in torch.randperm(train, device=self.device)[: steps * self.batch].split(self.batch):
                cross_entropy(output(rows), label[rows]).backward()
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
            net.eval()
            with torch.inference_mode():
                rest = torch.arange(train, len(pixels), device=self.device).split(self.batch)
                right = sum((output(rows).argmax(1) == label[rows]).sum() for rows in rest)
            print(f"\r{int(right)}", end="\r", file=sys.stderr)


def head(device: torch.device) -> None:
    rows, width, classes = HEAD
    strengths = [float(each) for each in compose_run(["data=digits"]).config.transfer.strengths]
    generator = torch.Generator(device).manual_seed(0)
    features = torch.randn(rows, width, generator=generator, device=device)
    label = (
        features[:, :classes] * 0.7 + torch.randn(rows, classes, generator=generator, device=device)
    ).argmax(1)

    def solve() -> None:
        for _ in solve_head(features, label, classes, strengths):
            pass
        wait()

    took = [seconds(solve) for _ in range(3)]
    first = seconds(lambda: (next(iter(solve_head(features, label, classes, strengths))), wait()))
    print(
        f"exact head, {rows} x {width} x {classes}, {len(strengths)} strengths: {took[0]:.2f} s at first, then "
        f"{min(took[1:]):.2f} s (at most 3); the first strength alone {first:.2f} s", flush=True,
    )  # fmt: skip


def peak() -> str:
    if not torch.cuda.is_available():
        return ""
    found = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return f"{found:.0f} MiB"


def main(given: dict[str, str]) -> None:
    silence()
    history.ProgressBar = Clock  # type: ignore[misc]  # the only place from which steps can be timed unseen
    print(machine())
    with TemporaryDirectory() as scratch:
        race = Race(given, Path(scratch))
        race.loop()
        memory = [peak()]
        race.ours()
        memory.append(peak())
        found = alternate((race.ours, race.loop), int(given["rounds"]))
        report(f"{race.epochs} epochs at {SIZE} px", *found, "s", "at most 1.2")
        print(
            f"of ours the steps alone {np.median(race.steps[2:]):.3g} s; memory of the loop, ours: {memory}"
        )
    head(race.device)
    print(f"memory of the head: {peak()}")


if __name__ == "__main__":
    defaults = {"train": "50000", "val": "10000", "batch": "512", "epochs": "10", "rounds": "3"}
    main({**defaults, **dict(each.split("=", 1) for each in sys.argv[1:])})
