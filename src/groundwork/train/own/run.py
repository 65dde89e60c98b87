"""A configuration that names Lightning modules of the user's -> its run: data module, monitor, epochs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from lightning import LightningDataModule
from lightning.pytorch import seed_everything
from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import read_splits
from groundwork.core.noise import show_again, silence
from groundwork.core.ranks import in_turns, is_first, world_size
from groundwork.core.redact import redact
from groundwork.core.run_folder import RunFolder
from groundwork.data import Samples, Target
from groundwork.data.prepared import Prepared
from groundwork.train.checkpoint import load_last
from groundwork.train.custom import own_data, own_direction
from groundwork.train.job import Job
from groundwork.train.machine.environment import describe_environment
from groundwork.train.part import Part
from groundwork.train.plugged import build_named
from groundwork.train.prepare import build_data, check_content, data_facts, write_splits
from groundwork.transfer import Phase

PADDED = (
    "{0} devices: Lightning's sampler repeats samples so that all devices take equal steps, and metrics count them "
    "again; what is logged without sync_dist=True is that of the first device"
)


@dataclass
class OwnRun:
    """Hold a run of which task, data or both are modules of the user's; see `Context` for what both have.

    Attributes:
        datamodule: Of the user's, or of this package.
        prepared: The data that this package read; None where the data module is the user's.
        checkpoint: To go on from; None begins anew.
    """

    config: DictConfig
    folder: RunFolder
    console: Console
    datamodule: LightningDataModule
    prepared: Prepared | None
    checkpoint: dict[str, Any] | None
    began: float
    overrides: tuple[str, ...] = ()
    rows: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)

    @property
    def model(self) -> Any:
        """The one phase of the run, as `Model` has them."""
        epochs = self.config.trainer.max_epochs
        nothing: Any = None
        part = Part(1, Phase("all", 1.0, 1.0, 1.0), nothing, nothing, epochs, lambda: None, lambda: None)
        return SimpleNamespace(parts=[part], epochs=epochs)

    @property
    def direction(self) -> str:
        """Whether more or less of the monitor is better."""
        return own_direction(self.config)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.checkpoint is not None and bool(self.checkpoint.get("finished"))

    @property
    def ckpt_path(self) -> str | None:
        """Name the checkpoint that Lightning goes on from; None begins anew."""
        return None if self.checkpoint is None else str(self.folder.last)

    def note_once(self, line: str) -> None:
        """Say what holds for the whole run once."""
        if line not in self.said:
            self.console.note(line)
        self.said.add(line)

    def describe(self) -> dict[str, Any]:
        """Give what every checkpoint holds beside Lightning's own."""
        config = redact(OmegaConf.to_container(self.config, resolve=True))
        return {"config": config, "rows": list(self.rows)}


def settle_own(job: Job, config: DictConfig, known: tuple[Samples, Target] | None, began: float) -> OwnRun:
    """Build the data module of a run, and say what is worth knowing.

    Args:
        job: Of the run.
        config: Complete.
        known: Samples that this package read, and what is predicted of them; None where the data module is the user's.
        began: When reading began, by `time.perf_counter`.
    """
    silence()
    show_again("sync_dist")
    job.folder.write_json("environment", describe_environment(job.overrides))
    seed_everything(config.seed, verbose=False)
    data, prepared = data_module_of(job.folder, config, known, job.console)
    checkpoint, wrong = load_last(job.folder) if job.resume else (None, "")
    rows = list(checkpoint["rows"]) if checkpoint else []
    run = OwnRun(config, job.folder, job.console, data, prepared, checkpoint, began, job.overrides, rows)
    for note in filter(None, (wrong, _padding(config))):
        job.console.note(note)
    run.seconds = {"data": time.perf_counter() - began}
    job.run = run
    return run


def data_module_of(
    folder: RunFolder,
    config: DictConfig,
    known: tuple[Samples, Target] | None,
    console: Console,
) -> tuple[LightningDataModule, Prepared | None]:
    """Build the data module of a run: the user's, or that of samples that this package read."""
    if known is None:
        data = build_named("data", config.data)
        if not isinstance(data, LightningDataModule):
            raise UserError(
                f"data._target_={own_data(config)} must be a LightningDataModule. Name another class."
            )
        return data, None
    fixed = read_splits(folder) if folder.splits.exists() else None
    with in_turns():
        module = build_data(config, *known, console, fixed)
        prepared = module.prepared
    check_content(folder, prepared)
    if is_first():
        write_splits(folder, prepared)
        counts = {split: len(rows) for split, rows in prepared.rows.items()}
        facts = data_facts(prepared, prepared.target.task)
        folder.write_json("data", {**module.info, **facts, "counts": counts})
    return module, prepared


def logged_name(logged: Mapping[str, Any], monitor: str) -> str | None:
    """Find the monitored metric among what a module logs: by its name, also with `val/` or `val_` before it."""
    given = () if monitor == "auto" else (monitor,)
    name = "loss" if monitor == "auto" else monitor
    return next((one for one in (*given, f"val/{name}", f"val_{name}") if one in logged), None)


def best_row(rows: Sequence[Mapping[str, Any]], name: str, direction: str) -> Mapping[str, Any] | None:
    """Give the first row of a history whose monitored value is best; None where no row has one."""
    known = [row for row in rows if isinstance(row.get(name), int | float)]
    return (max if direction == "max" else min)(known, key=lambda row: row[name]) if known else None


def _padding(config: DictConfig) -> str:
    return PADDED.format(world_size()) if own_data(config) and world_size() > 1 else ""
