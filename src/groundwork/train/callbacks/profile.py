"""Some steps of a training -> which operations they spend their time on, as a table and as a trace."""

import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile

from groundwork.core.atomic import write_bytes


class Profile(Callback):
    """Measure some steps once they are warm, print the dearest operations and write `profile.json`.

    Args:
        warmup: Steps before the measured ones.
        steps: That are measured.
        rows: Of the table.
    """

    def __init__(self, warmup: int, steps: int, rows: int):
        self.warmup, self.steps, self.rows = warmup, steps, rows
        self._profiler: profile | None = None
        self._seen = 0

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start to measure after the warm-up."""
        if self._seen == self.warmup and trainer.is_global_zero:
            os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # it would write of devices between our lines
            cuda = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
            self._profiler = profile(activities=[ProfilerActivity.CPU, *cuda])
            self._profiler.start()
        self._seen += 1

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stop after the measured steps."""
        if self._seen == self.warmup + self.steps:
            self._finish(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop where there were fewer steps."""
        self._finish(trainer)

    def _finish(self, trainer: Trainer) -> None:
        if self._profiler is None:
            return
        profiler, self._profiler = self._profiler, None
        profiler.stop()
        path = Path(trainer.default_root_dir) / "profile.json"
        part = path.with_suffix(".part")
        profiler.export_chrome_trace(str(part))
        write_bytes(path, part.read_bytes())
        part.unlink()
        steps = max(min(self.steps, self._seen - self.warmup), 1)
        console = Console()
        console.print(dearest(profiler, steps, self.rows))
        console.print(f"trace: {path}   (open it at ui.perfetto.dev)", soft_wrap=True, markup=False)


def dearest(profiler: profile, steps: int, rows: int) -> Table:
    """Put the operations that take most time of their own into a table, milliseconds per step."""
    events = sorted(profiler.key_averages(), key=_own_time, reverse=True)
    whole = sum(map(_own_time, events)) or 1
    table = Table(title=f"time of a training step, mean of {steps}")
    for name in ("operation", "ms per step", "share", "calls per step"):
        table.add_column(name, justify="left" if name == "operation" else "right")
    for event in events[:rows]:
        own = _own_time(event)
        table.add_row(
            event.key[:50], f"{own / 1000 / steps:.2f}", f"{own / whole:.1%}", f"{event.count / steps:.0f}"
        )
    return table


def _own_time(event: Any) -> float:
    """Give the microseconds on the device where there is one, else on the processor."""
    device: float = event.self_device_time_total
    return device or float(event.self_cpu_time_total)
