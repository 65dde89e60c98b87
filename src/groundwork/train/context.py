"""A composed configuration and its data -> what every phase of a run shares."""

from dataclasses import dataclass
from typing import Any

from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from groundwork.core.console import Console
from groundwork.core.redact import redact
from groundwork.core.run_folder import RunFolder, plain
from groundwork.train.metrics import Metrics, build_metrics
from groundwork.train.prepare import Prepared

CHECKPOINT_FORMAT = 1


@dataclass(frozen=True)
class Context:
    """Hold what every phase of a run shares.

    Attributes:
        config: The resolved configuration.
        prepared: The data.
        metrics: Of the whole split.
        class_weights: (K,) in the loss; None weighs all alike.
        balance: Resamples training rows.
        folder: Of the run.
        console: Where to speak.
        extra: Plain values that every checkpoint holds.
        rows: Of `history.csv`, from earlier phases.
        start: Weights of the backbone before any phase, by name, for `loss.l2_sp`; empty where that is off.
    """

    config: DictConfig
    prepared: Prepared
    metrics: Metrics
    class_weights: NDArray[Any] | None
    balance: Any
    folder: RunFolder
    console: Console
    extra: dict[str, Any]
    rows: list[dict[str, Any]]
    start: dict[str, Tensor]

    def keep_config(self) -> None:
        """Write the configuration with what was settled since into the folder, and into checkpoints to come."""
        self.extra["config"] = redact(OmegaConf.to_container(self.config, resolve=True))
        self.folder.write_config(self.config)

    @property
    def direction(self) -> str:
        """Say whether more or less of the monitor is better."""
        return self.metrics.direction(self.config.monitor)


def build_context(
    folder: RunFolder, config: DictConfig, prepared: Prepared, data: dict[str, Any], console: Console
) -> Context:
    """Build what every phase of a run shares; see `describe_data` for `data`."""
    balance = instantiate(config.balance)
    weights = None
    if prepared.target.task == "classification":
        weights = balance.class_weights(prepared.counts("train"))
    extra = {
        "format": CHECKPOINT_FORMAT,
        "config": redact(OmegaConf.to_container(config, resolve=True)),
        "data": plain(data),
    }
    return Context(config, prepared, build_metrics(config), weights, balance, folder, console, extra, [], {})
