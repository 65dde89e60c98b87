"""A run with Lightning modules of the user's -> its result, report and sealed test: of what they log."""

import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from omegaconf import DictConfig
from torch import Tensor

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.noise import silence
from groundwork.core.ranks import is_first, leave
from groundwork.core.run_folder import RunFolder
from groundwork.data.prepared import Prepared
from groundwork.report import summary, write_report
from groundwork.task.phases import callbacks_of
from groundwork.train.checkpoint import AtomicCheckpointIO
from groundwork.train.custom import own_data, own_module
from groundwork.train.own.history import OwnHistory
from groundwork.train.own.keep import KeepEpochs
from groundwork.train.own.run import OwnRun, best_row, data_module_of, logged_name
from groundwork.train.own.task import module_of
from groundwork.train.samples import read_samples

OF_ROW = ("phase", "epoch", "step")
MISSING = (
    "{0} is a module of your own: intervals, baselines, predictions and their pages are left out; the numbers are "
    "those that it logs"
)


def conclude_own(run: OwnRun, trainer: Trainer) -> float | None:
    """Write result and report of what was logged.

    Returns:
        The monitored metric on val, None on all ranks but the first, and where nothing was validated.
    """
    fitted = time.perf_counter() - run.began - run.seconds["data"]
    if not run.is_finished and not any(isinstance(one, KeepEpochs) for one in callbacks_of(trainer)):
        trainer.save_checkpoint(run.folder.best)  # the last weights count
    leave()
    if not is_first():
        return None
    result = _result(run, trainer)
    begun = {"changes": run.folder.read_json("result").get("changes", {})}
    seconds = run.seconds | {"fit": fitted, "total": time.perf_counter() - run.began}
    run.folder.write_json("result", result | begun | {"status": "done", "seconds": seconds})
    if run.config.report.write:
        write_report(run.folder.path)
    run.console.show(summary(run.folder.path))
    value: float | None = result["val"].get(result["monitor"])
    return value


def _result(run: OwnRun, trainer: Trainer) -> dict[str, Any]:
    """Collect what was logged at the best validation; at the end of training where nothing was validated."""
    names = {name for row in run.rows for name in row} - set(OF_ROW)
    monitor = logged_name(dict.fromkeys(names), run.config.monitor) or run.config.monitor
    row = best_row(run.rows, monitor, run.direction) or (run.rows[-1] if run.rows else {})
    values: dict[str, dict[str, float]] = {"train": {}, "val": {}}
    history = next((one for one in callbacks_of(trainer) if isinstance(one, OwnHistory)), None)
    of_val = names if run.is_finished or history is None else history.of_val
    for name in sorted(names & row.keys()):
        values[split_of(name) if name in of_val else "train"][bare(name)] = row[name]
    named = bare(monitor)
    note = MISSING.format(own_module(run.config) or own_data(run.config))
    return {
        "task": own_module(run.config) or run.config.task.name,
        "monitor": named,
        "direction": run.direction,
        "directions": {named: run.direction},
        "best_epoch": row.get("epoch", 0),
        "n": _sizes(run, trainer),
        **values,
        "intervals": {},
        "corrected": {},
        "verdicts": {},
        "baselines": {},
        "split_hash": None if run.prepared is None else run.prepared.split_hash,
        "notes": [note],
        "choices": [],
    }


def bare(name: str) -> str:
    """Leave out the split before the name of a logged metric: `val_acc` and `val/acc` are `acc`."""
    for split in ("train", "val", "test"):
        for sign in "/_":
            name = name.removeprefix(f"{split}{sign}")
    return name


def split_of(name: str) -> str:
    """Tell by its name whether a logged metric is of train or of val."""
    return "train" if name.startswith("train") else "val"


def _sizes(run: OwnRun, trainer: Trainer) -> dict[str, int]:
    if run.prepared is not None:
        return {split: len(rows) for split, rows in run.prepared.rows.items()}
    loaders: dict[str, Any] = {"train": trainer.train_dataloader, "val": trainer.val_dataloaders}
    return {
        split: len(loader.dataset)
        for split, loader in loaders.items()
        if hasattr(getattr(loader, "dataset", None), "__len__")
    }


def measure_own(
    folder: RunFolder, config: DictConfig
) -> tuple[dict[str, dict[str, float]], Prepared | None, list[str]]:
    """Test the best weights of a run by the module's `test_step`.

    Returns:
        Metrics; the data where this package read them; else a hash of each test sample, sorted.

    Raises:
        UserError: If the module or its data has no test, or logs nothing.
    """
    silence()
    known = None if own_data(config) else read_samples(config)
    data, prepared = data_module_of(folder, config, known, Console(quiet=True))
    task = module_of(config)
    named = own_module(config) or type(task).__name__
    _check_testable(task, data, named)
    hashes = sorted(_row_hashes(data)) if prepared is None else []
    trainer = Trainer(
        accelerator="cpu" if config.trainer.accelerator == "cpu" else "auto",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        plugins=[AtomicCheckpointIO()],
    )
    tested = trainer.test(task, datamodule=data, ckpt_path=str(folder.best), verbose=False)
    values = {bare(name): {"value": float(value)} for each in tested for name, value in each.items()}
    if not values:
        raise UserError(f"test_step of {named} must log metrics by self.log, but logs none. Log them.")
    return values, prepared, hashes


def _check_testable(task: LightningModule, data: LightningDataModule, named: str) -> None:
    for owner, kind, method, name in (
        (task, LightningModule, "test_step", named),
        (data, LightningDataModule, "test_dataloader", type(data).__name__),
    ):
        if getattr(type(owner), method) is getattr(kind, method):
            raise UserError(f"{name} must define {method} to be tested, but does not. Define it.")


def _row_hashes(data: LightningDataModule) -> Iterator[str]:
    """Hash each sample of the test batches, whatever their size and order; a batch as a whole where it has no rows."""
    data.prepare_data()
    data.setup("test")
    loaders = data.test_dataloader()
    loaders = list(loaders.values()) if isinstance(loaders, Mapping) else loaders
    for loader in loaders if isinstance(loaders, list | tuple) else [loaders]:
        for batch in loader:
            yield from batch_hashes(batch)
    data.teardown("test")


def batch_hashes(batch: Any) -> list[str]:
    """Hash the rows of a batch: what its tensors, arrays and lists hold at each place of their first axis."""
    leaves = list(_leaves(batch))
    sizes = {len(leaf) for leaf in leaves if isinstance(leaf, np.ndarray) and leaf.ndim}
    if len(sizes) != 1 or not all(isinstance(leaf, np.ndarray) and leaf.ndim for leaf in leaves):
        return [_hash(leaves)]
    return [_hash([leaf[row] for leaf in leaves]) for row in range(sizes.pop())]


def _leaves(batch: Any) -> Iterator[Any]:
    if isinstance(batch, Tensor):
        found = batch.detach().cpu()
        yield (found.float() if found.dtype is torch.bfloat16 else found).numpy()
    elif isinstance(batch, Mapping):
        for key in sorted(batch, key=str):
            yield from _leaves(batch[key])
    elif (
        isinstance(batch, list | tuple) and batch and all(isinstance(one, str | int | float) for one in batch)
    ):
        yield np.asarray(batch)
    elif isinstance(batch, list | tuple):
        for one in batch:
            yield from _leaves(one)
    else:
        yield batch if isinstance(batch, np.ndarray) else repr(batch)


def _hash(parts: Sequence[Any]) -> str:
    found = sha256()
    for part in parts:
        part = np.asarray(part)
        found.update(f"{part.dtype} {part.shape}".encode() + np.ascontiguousarray(part).tobytes())
    return found.hexdigest()
