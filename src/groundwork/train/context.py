"""A composed configuration and its data -> what every phase of a run shares."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from groundwork.core.console import Console
from groundwork.core.instantiate import instantiate
from groundwork.core.redact import redact
from groundwork.core.run_folder import RunFolder, plain
from groundwork.data.balance import class_weights
from groundwork.data.prepared import Prepared
from groundwork.train.corrected import Tried
from groundwork.train.custom import is_custom_task
from groundwork.train.machine.device import choose_device
from groundwork.train.metrics import Metrics, build_metrics, check_defined, check_measured
from groundwork.train.warm import Warm
from groundwork.transfer import Plan

CHECKPOINT_FORMAT = 1


@dataclass
class Context:
    """Hold what every phase of a run shares, and what it has settled so far.

    Attributes:
        config: The resolved configuration; what is `auto` in it is settled in place, see `keep_config`.
        prepared: The data.
        data: What a network must know of them, see `describe_data`.
        metrics: Of the whole split.
        class_weights: (K,) in the loss, or (T,) of having a label; None weighs all alike.
        balance: Resamples training rows.
        folder: Of the run.
        console: Where to speak.
        reads: Stages that the head reads, and their pooling, once they are chosen.
        rows: Of `history.csv`, from earlier phases.
        start: Weights of the backbone before any phase, by name, for `loss.l2_sp`; empty where that is off.
        warm: The run of one's own whose backbone this one starts from; None where it starts from anything else.
        overrides: That composed the configuration.
        resume: Go on from the last checkpoint that the folder holds.
        began: When the first row was about to be read, by `time.perf_counter`.
        seconds: Spent on the data so far.
        model: Network, exact head and phases, see `build_model`, once it is built.
        datamodule: Batches of the phase that trains, once there is one.
        beginning: Of that phase, where it may have to begin again with a smaller batch.
        said: Notes that need not be said again.
        tried: What val, or folds, chose among.
    """

    config: DictConfig
    prepared: Prepared
    data: dict[str, Any]
    metrics: Metrics
    class_weights: NDArray[Any] | None
    balance: Any
    folder: RunFolder
    console: Console
    reads: dict[str, Any] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    start: dict[str, Tensor] = field(default_factory=dict)
    warm: Warm | None = None
    said: set[str] = field(default_factory=set)
    tried: Tried = field(default_factory=Tried)
    overrides: tuple[str, ...] = ()
    resume: bool = False
    began: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    model: Any = None
    datamodule: Any = None
    beginning: Any = None

    @property
    def ckpt_path(self) -> str | None:
        """Name the checkpoint that Lightning goes on from; None begins anew, or with the next phase."""
        return str(self.folder.last) if self.model.reached.inside else None

    @property
    def plan(self) -> Plan:
        """Say how much of a pretrained network is kept, frozen and trained."""
        plan: Plan = instantiate(self.config.transfer, _convert_="all")
        return plan

    @property
    def device(self) -> torch.device:
        """Say where features and predictions are computed; Lightning chooses its own device by `trainer`."""
        return choose_device(self.config)

    def note_once(self, line: str) -> None:
        """Say what holds for the whole run once."""
        if line not in self.said:
            self.console.note(line)
        self.said.add(line)

    def keep_config(self) -> None:
        """Write the configuration with what was settled since into the folder."""
        self.folder.write_config(self.config)

    def describe(self) -> dict[str, Any]:
        """Give in plain types what every checkpoint holds: all that `predict` and `export` need beside the weights."""
        described = {
            "format": CHECKPOINT_FORMAT,
            "config": redact(OmegaConf.to_container(self.config, resolve=True)),
            "data": self._plain_data,
        }
        return described if self.reads is None else described | {"reads": self.reads}

    @cached_property
    def _plain_data(self) -> Any:
        return plain(
            self.data
        )  # half a second of a table of thousands of columns, at each of many checkpoints

    @property
    def direction(self) -> str:
        """Say whether more or less of the monitor is better."""
        return self.metrics.direction(self.config.monitor)

    @property
    def sign(self) -> float:
        """Give the factor that makes more of the monitor better: 1 or -1."""
        return 1.0 if self.direction == "max" else -1.0


def build_context(
    folder: RunFolder,
    config: DictConfig,
    prepared: Prepared,
    data: dict[str, Any],
    console: Console,
    warm: Warm | None = None,
) -> Context:
    """Build what every phase of a run shares; see `describe_data` for `data`."""
    balance = instantiate(config.balance)
    weights = class_weights(balance, prepared)
    metrics = build_metrics(config)
    if not is_custom_task(config):
        check_measured(config.monitor, metrics, prepared.targets("val"), prepared.names)
    check_defined(config.monitor, prepared.targets("val"), prepared.names)
    return Context(config, prepared, data, metrics, weights, balance, folder, console, warm=warm)
