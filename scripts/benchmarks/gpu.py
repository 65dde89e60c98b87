"""Time ResNet-50 in bfloat16 on a GPU, training and predicting, against the loops of timm's benchmark script.

    python scripts/benchmarks/gpu.py [images=8192] [size=224] [batch=256] [rounds=3] [compile=false]

timm's side reads one random batch that lies on the GPU again and again, channels last, under autocast, and waits for
the GPU after each step. Ours does a whole phase of training: uint8 images out of memory, normalized, every sample
once an epoch, Lightning with all callbacks of a run; and predictions of a whole split, from memory of the host to
probabilities there. Both use SGD. With `compile=true` both networks are compiled.
"""

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import timm
import torch
from clock import Clock, wait
from measure import alternate, machine, report, seconds
from timm.optim import create_optimizer_v2
from torch.nn.functional import cross_entropy

from groundwork.core.console import Console
from groundwork.core.noise import silence
from groundwork.core.run_folder import RunFolder
from groundwork.data import Store
from groundwork.launch.config.compose import compose_run
from groundwork.train.build import build_network, describe_data
from groundwork.train.callbacks import history
from groundwork.train.context import build_context
from groundwork.train.fit import fit
from groundwork.train.predict import predict
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples

NAME, CLASSES, STEPS, WARM = "resnet50", 10, 25, 5


class Race:
    """Train and run the same network in both ways; each side gives images per second."""

    def __init__(self, given: dict[str, str], scratch: Path):
        self.size, self.batch = int(given["size"]), int(given["batch"])
        self.count = int(given["images"]) // self.batch * self.batch
        words = (
            *("data=digits", "data.image_size=8", "task=classification", "model=timm", f"model.name={NAME}"),
            *("model.pretrained=false", "transfer=scratch", "optim=sgd", "schedule=constant", "trainer.max_epochs=2"),
            *("trainer.precision=bf16-mixed", "execution.memory_format=channels_last", "loss=cross_entropy"),
            *(f"data.batch_size={self.batch}", f"execution.compile={given['compile']}"),
            *(f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}"),
        )  # fmt: skip
        self.console, self.scratch, self.compiled = Console(quiet=True), scratch, given["compile"] == "true"
        self.config = compose_run(words).config
        self.config.data.image_size = self.size
        samples, target = read_samples(self.config)
        rng, shape = np.random.default_rng(0), (self.count + CLASSES, self.size, self.size, 3)
        images = rng.integers(0, 256, shape, dtype=np.uint8)
        rows = {"train": np.arange(self.count), "val": np.arange(self.count, len(images))}
        prepared = prepare(self.config, samples, target, self.console)
        source = Store(np.zeros(len(images), dtype=np.str_), [], [], images)
        encoded = rng.integers(0, CLASSES, len(images))
        encoded[-CLASSES:] = np.arange(CLASSES)
        self.prepared = replace(prepared, source=source, rows=rows, encoded=encoded)
        self.data = describe_data(self.config, self.prepared)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def network(self) -> Any:
        network = build_network(self.config, self.data, False, None)
        return network.train_stages(range(network.num_stages), "adapt")

    def model(self) -> Any:
        model = timm.create_model(NAME, num_classes=CLASSES).to(
            self.device, memory_format=torch.channels_last
        )
        return torch.compile(model) if self.compiled else model

    def inputs(self) -> torch.Tensor:
        inputs = torch.randn(self.batch, 3, self.size, self.size, device=self.device)
        return inputs.contiguous(memory_format=torch.channels_last)

    def train_ours(self) -> float:
        folder = RunFolder.create(self.scratch, "gpu")
        context = build_context(folder, self.config, self.prepared, self.data, self.console)
        fit(context)
        return self.batch / Clock.epochs[-1]

    def train_timm(self) -> float:
        model, inputs = self.model().train(), self.inputs()
        optimizer = create_optimizer_v2(model, opt="sgd", lr=1e-4)

        def step() -> None:
            optimizer.zero_grad()
            with torch.autocast(self.device.type, torch.bfloat16):
                output = model(inputs)
                target = torch.empty(self.batch, dtype=torch.long, device=self.device).random_(CLASSES)
                cross_entropy(output, target).backward()
            optimizer.step()
            wait()

        for _ in range(WARM):
            step()
        return self.batch * STEPS / seconds(lambda: [step() for _ in range(STEPS)])

    def predict_ours(self) -> float:
        network = self.network().arrange(torch.channels_last)
        rows, source = self.prepared.rows["train"], self.prepared.source

        def run(rows: Any) -> None:
            predict(network, source, rows, self.batch, self.device, torch.bfloat16, self.console, "")

        run(rows[: WARM * self.batch])
        return len(rows) / seconds(lambda: run(rows))

    def predict_timm(self) -> float:
        model, inputs = self.model().eval(), self.inputs()

        def step() -> None:
            with torch.autocast(self.device.type, torch.bfloat16):
                model(inputs)
            wait()

        with torch.no_grad():
            for _ in range(WARM):
                step()
            return self.batch * STEPS / seconds(lambda: [step() for _ in range(STEPS)])


def main(given: dict[str, str]) -> None:
    silence()
    history.ProgressBar = Clock  # type: ignore[misc]  # the only place from which steps can be timed unseen
    torch.backends.cudnn.benchmark = True  # as timm's script asks for; it is one context of the process
    print(machine())
    with TemporaryDirectory() as scratch:
        race, rounds = Race(given, Path(scratch)), int(given["rounds"])
        report("training", *alternate((race.train_ours, race.train_timm), rounds), "img/s", "at least 1.0")
        if not race.compiled:
            report(
                "predicting",
                *alternate((race.predict_ours, race.predict_timm), rounds),
                "img/s",
                "at least 1.0",
            )


if __name__ == "__main__":
    defaults = {"images": "8192", "size": "224", "batch": "256", "rounds": "3", "compile": "false"}
    main(defaults | dict(word.split("=") for word in sys.argv[1:]))
