"""Time a training step of ours against a hand-written PyTorch loop with the same settings.

    python scripts/benchmarks/step.py [rounds=5]

Both train the same network on the same batches of the same memory: resnet10t on images of 64 pixels, and a
perceptron of three layers of 128 on rows of 20 columns. Ours is the whole of a phase: Lightning with all callbacks of
a run. The first epoch is left out on both sides.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning.pytorch import LightningModule, Trainer
from measure import alternate, machine, report
from torch.nn.functional import cross_entropy

from groundwork.core.console import Console
from groundwork.core.noise import silence
from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.train.build import build_network, describe_data
from groundwork.train.callbacks import history
from groundwork.train.callbacks.history import ProgressBar
from groundwork.train.context import build_context
from groundwork.train.fit import fit
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples

EPOCHS = 3
COMMON = (
    "task=classification",
    "trainer=cpu",
    "execution=plain",
    f"trainer.max_epochs={EPOCHS}",
    "schedule=constant",
)
IMAGES = ("data=digits", "data.image_size=64", "model=timm", "model.name=resnet10t", "model.pretrained=false")
ROWS = (
    "data=table",
    "data.target=label",
    "data.batch_size=32",
    "model=mlp",
    "model.hidden=[128,128,128]",
    "transfer=none",
)


class Clock(ProgressBar):
    """Measure the time of the steps after the first epoch, between batches of one epoch only."""

    per_step = spent = last = 0.0
    steps = 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        now = perf_counter()
        if trainer.current_epoch and batch_idx:
            self.spent, self.steps = self.spent + now - self.last, self.steps + 1
            Clock.per_step = self.spent / self.steps
        self.last = now


class Race:
    """Train the same network in both ways."""

    def __init__(self, words: tuple[str, ...], scratch: Path):
        places = (f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}")
        self.console, self.scratch = Console(quiet=True), scratch
        composition = compose_run([*words, *COMMON, *places])
        samples, target = read_samples(composition.config)
        self.config = composition.choose(model="mlp", transfer="scratch", loss="cross_entropy").config
        self.prepared = prepare(self.config, samples, target, self.console)
        self.data = describe_data(self.config, self.prepared)

    def network(self) -> Any:
        torch.manual_seed(0)
        network = build_network(self.config, self.data, False, None)
        return network.train_stages(range(network.num_stages), "adapt").arrange(torch.channels_last)

    def ours(self) -> float:
        folder = RunFolder.create(self.scratch, "step")
        context = build_context(folder, self.config, self.prepared, self.data, self.console)
        fit(context)
        return Clock.per_step

    def plain(self) -> float:
        network, source = self.network().train(), self.prepared.source
        target = torch.as_tensor(self.prepared.encoded)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
        batch_size, spent, steps, last = self.config.data.batch_size, 0.0, 0, 0.0
        for epoch in range(EPOCHS):
            order = np.random.default_rng(epoch).permutation(self.prepared.rows["train"])
            for number, start in enumerate(range(0, len(order), batch_size)):
                rows = order[start : start + batch_size]
                optimizer.zero_grad()
                cross_entropy(network(source.batch(rows)), target[rows]).backward()
                optimizer.step()
                now = perf_counter()
                if epoch and number:
                    spent, steps = spent + now - last, steps + 1
                last = now
        return spent / steps


def write_rows(path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20_000, 20))
    label = np.where(values[:, :5].sum(1) > 0, "yes", "no")
    pd.DataFrame(values, columns=[f"c{i}" for i in range(20)]).assign(label=label).to_csv(path, index=False)


def main(rounds: int) -> None:
    silence()
    history.ProgressBar = Clock  # type: ignore[misc]  # the only place from which steps can be timed unseen
    print(machine())
    with TemporaryDirectory() as scratch:
        write_rows(Path(scratch) / "rows.csv")
        table = (*ROWS, f"data.table={Path(scratch) / 'rows.csv'}", "model.dropout=0")
        for name, words, wanted in (("resnet10t, 64 px", IMAGES, 1.03), ("MLP 3 x 128", table, 1.25)):
            race = Race(words, Path(scratch))
            ours, plain = alternate((race.ours, race.plain), rounds)
            report(name, ours, plain, "s/step", f"at most {wanted}")


if __name__ == "__main__":
    main(int(dict(word.split("=") for word in sys.argv[1:]).get("rounds", 5)))
