"""A composed configuration and its data -> what every phase of a run shares."""

from dataclasses import dataclass, field
from typing import Any

from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from groundwork.core.console import Console
from groundwork.core.redact import redact
from groundwork.core.run_folder import RunFolder, plain
from groundwork.data.prepared import Prepared
from groundwork.train.metrics import Metrics, build_metrics
from groundwork.train.warm import Warm

CHECKPOINT_FORMAT = 1


@dataclass
class Context:
    """Hold what every phase of a run shares, and what it has settled so far.

    Attributes:
        config: The resolved configuration; what is `auto` in it is settled in place, see `keep_config`.
        prepared: The data.
        data: What a network must know of them, see `describe_data`.
        metrics: Of the whole split.
        class_weights: (K,) in the loss; None weighs all alike.
        balance: Resamples training rows.
        folder: Of the run.
        console: Where to speak.
        reads: Stages that the head reads, and their pooling, once they are chosen.
        rows: Of `history.csv`, from earlier phases.
        start: Weights of the backbone before any phase, by name, for `loss.l2_sp`; empty where that is off.
        warm: The run of one's own whose backbone this one starts from; None where it starts from anything else.
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

    def keep_config(self) -> None:
        """Write the configuration with what was settled since into the folder."""
        self.folder.write_config(self.config)

    def describe(self) -> dict[str, Any]:
        """Give in plain types what every checkpoint holds: all that `predict` and `export` need beside the weights."""
        described = {
            "format": CHECKPOINT_FORMAT,
            "config": redact(OmegaConf.to_container(self.config, resolve=True)),
            "data": plain(self.data),
        }
        return described if self.reads is None else described | {"reads": self.reads}

    @property
    def direction(self) -> str:
        """Say whether more or less of the monitor is better."""
        return self.metrics.direction(self.config.monitor)


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
    weights = None
    if prepared.target.task == "classification":
        weights = balance.class_weights(prepared.counts("train"))
    metrics = build_metrics(config)
    return Context(config, prepared, data, metrics, weights, balance, folder, console, warm=warm)
