"""Scenarios that train the backbone -> the best on val, by successive halving at equal shares of each schedule."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile, rmtree
from time import perf_counter
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.atomic import write_text
from groundwork.core.bounded import read_json
from groundwork.core.console import Console
from groundwork.core.errors import first_line
from groundwork.core.run_folder import RunFolder, safe_name
from groundwork.train.advice.price import SHARES
from groundwork.train.callbacks.build import build_callbacks
from groundwork.train.checkpoint import load_last
from groundwork.train.context import Context, build_context
from groundwork.train.fit import build_task, solve
from groundwork.train.trainer import build_trainer
from groundwork.transfer.advise import spoken

FOLDER = "race"  # below that of the run
OVER = 1.2  # times the budget, that a race may take before it ends


class Pause(Callback):
    """End training after some epochs of the run, as if it had been stopped there: its checkpoint goes on.

    Args:
        epochs: Of all phases together.
    """

    def __init__(self, epochs: int):
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look whether that many are over."""
        if trainer.current_epoch + 1 >= self.epochs:
            trainer.should_stop = True


@dataclass
class Runner:
    """Train one configuration up to shares of its schedule.

    Attributes:
        context: Of the run that asks.
        config: Of this one.
        name: The words that run it.
        score: Prediction of val -> monitor, more being better.
        share: Of its schedule, that is behind it.
        seconds: That it took so far.
        predictions: Of val, by each of its validations.
        best: Number of the best one of its last phase; None before there is any.
    """

    context: Context
    config: DictConfig
    name: str
    score: Callable[[NDArray[np.floating]], float]
    share: float = 0.0
    seconds: float = 0.0
    predictions: list[NDArray[np.floating]] = field(default_factory=list)
    best: int | None = None

    @property
    def folder(self) -> RunFolder:
        """Say where it trains."""
        return RunFolder(self.context.folder.path / FOLDER / safe_name(self.name.replace("transfer=", "")))

    @property
    def value(self) -> float:
        """Give the best score so far."""
        return -np.inf if self.best is None else self.score(self.predictions[self.best])

    def advance(self, share: float) -> None:
        """Train up to a share of the schedule, from where it stands, in an earlier process, too."""
        began, run = perf_counter(), self.context
        folder = RunFolder.furnish(self.folder.path)
        own = build_context(folder, self.config.copy(), run.prepared, run.data, Console(quiet=True), run.warm)
        own.resume = True
        task = build_task(own)
        epochs = max(1, round(share * own.model.epochs))
        if max((row["epoch"] for row in _validated(load_last(folder)[0] or {})), default=0) < epochs:
            trainer = build_trainer(own, [*build_callbacks(own), Pause(epochs)])
            if not solve(own, task):
                trainer.fit(task, datamodule=own.datamodule, ckpt_path=own.ckpt_path)
        self._look(folder, epochs)
        self._count(share, perf_counter() - began)

    def _count(self, share: float, took: float) -> None:
        """Count the seconds; those of an earlier process, where this share was behind it then."""
        path = self.folder.path / "seconds.json"
        known = read_json(path) if path.exists() else {}
        known.setdefault(str(share), self.seconds + took)
        write_text(path, json.dumps(known))
        self.share, self.seconds = share, known[str(share)]

    def _look(self, folder: RunFolder, epochs: int) -> None:
        """Read what was validated within some epochs, though an earlier process may have trained on."""
        checkpoint = load_last(folder)[0] or {}
        rows, kept = (
            _validated(checkpoint),
            checkpoint.get("callbacks", {}).get("KeepTried", {}).get("predictions", []),
        )
        kept = kept[len(kept) - len(rows) :]  # heads that were solved come before the validations
        rows = [row for row in rows if row["epoch"] <= epochs]
        self.predictions = [each.numpy() for each in kept[: len(rows)]]
        # only those of the last phase are of weights that are kept
        latest = [number for number, row in enumerate(rows) if row["phase"] == rows[-1]["phase"]]
        known = [number for number in latest if number < len(self.predictions)]
        known = [number for number in known if np.isfinite(self.score(self.predictions[number]))]
        self.best = max(known, key=lambda number: self.score(self.predictions[number]), default=None)


def _validated(checkpoint: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of the history that are of validations."""
    rows = checkpoint.get("callbacks", {}).get("History", {}).get("rows", [])
    return [row for row in rows if "epoch" in row]


def race(
    runners: Sequence[Any],
    minutes: float | None,
    hopeless: Callable[[Any, Sequence[Any]], bool],
    say: Callable[[str], None],
) -> Any | None:
    """Train all to a share of their schedules, keep the better half, and so on; the last one trains in full.

    Args:
        runners: That race; one that fails, or whose loss is not finite, is out.
        minutes: The budget; None for no limit.
        hopeless: The best half way through and all that raced -> whether it need not go on.
        say: Tells what happens.

    Returns:
        The one that trained in full; None where none did.
    """
    left = list(runners)
    for share in SHARES:
        left = [each for each in left if _advanced(each, share, say)]
        left = sorted((each for each in left if np.isfinite(each.value)), key=lambda each: -each.value)
        if not left or share == 1:
            break
        left = left[: (len(left) + 1) // 2]
        if share == SHARES[-2] and hopeless(left[0], runners):
            say(
                f"race: {left[0].name} is clearly worse than the frozen head half way through, so it ends here"
            )
            return None
        ahead = left[0].seconds / share * (1 - share)
        if minutes is not None and sum(each.seconds for each in runners) + ahead > OVER * 60 * minutes:
            say(
                f"race: {left[0].name} would take {spoken(ahead)} more, which is over transfer.budget="
                f"{minutes:.3g}, so it ends here"
            )
            return None
    return left[0] if left else None


def _advanced(runner: Any, share: float, say: Callable[[str], None]) -> bool:
    try:
        runner.advance(share)
    except (FloatingPointError, torch.OutOfMemoryError) as error:
        say(f"race: {runner.name} is out: {first_line(error)}")
        return False
    return True


def take_over(folder: RunFolder, name: str) -> None:
    """Let a run go on from what a race left.

    Args:
        folder: Of the run.
        name: Of the folder in the race.
    """
    won = RunFolder(folder.path / FOLDER / name)
    for source in (*won.best.parent.glob("*.ckpt"), won.history, won.steps):
        if source.exists():
            target = folder.path / source.relative_to(won.path)
            target.parent.mkdir(exist_ok=True)
            copyfile(source, target)


def clear(folder: RunFolder) -> None:
    """Remove the checkpoints of a race, which are large; its curves stay."""
    for checkpoints in Path(folder.path, FOLDER).glob("*/checkpoints"):
        rmtree(checkpoints)
