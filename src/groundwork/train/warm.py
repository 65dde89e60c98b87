"""A run of one's own -> the backbone that another run starts from: its weights, channels, statistics and stages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from groundwork.core.errors import UserError, one_line
from groundwork.core.pretrained import check_alike, own_checkpoint
from groundwork.core.run_folder import RunFolder
from groundwork.core.text import shortlist
from groundwork.data import ColumnStatistics, Samples
from groundwork.model import Network
from groundwork.train.checkpoint import load, load_model, save

BACKBONE = "network.backbone."


@dataclass(frozen=True)
class Warm:
    """Hold what a run leaves to the runs that start from it.

    Attributes:
        path: Of the run or the checkpoint, as `model.pretrained` names it.
        weights: Of the backbone, by name.
        stages: Of the backbone, after which it ends.
        in_chans: Channels that the first layer reads; None for tables.
        mean, std: Per channel, for images in [0, 1]; None for tables.
        columns: Of the table, as that run measured them; None for images.
    """

    path: str
    weights: Mapping[str, Tensor]
    stages: int
    in_chans: int | None
    mean: list[float] | None
    std: list[float] | None
    columns: ColumnStatistics | None

    def describe(self) -> dict[str, Any]:
        """Give in plain types how the backbone is built; a checkpoint of the new run holds it, too."""
        return {"stages": self.stages, "in_chans": self.in_chans}

    def says(self) -> str:
        """Say in one line what is kept of the run."""
        stages = f"{self.stages} stage{'s' * (self.stages != 1)}"
        if self.columns is not None:
            read = f"the {len(self.columns.columns)} columns that it reads, filled and scaled as there"
        else:
            read = (
                f"the {self.in_chans} channel{'s' * (self.in_chans != 1)} that it reads and their statistics"
            )
        return f"the backbone is that of {self.path}: {stages}, {read}; the head is new"

    def check_images(self, num_channels: int) -> None:
        """Refuse images whose channels the first layer cannot read; grey ones are repeated.

        Raises:
            UserError: If there are others.
        """
        if num_channels not in (1, self.in_chans):
            raise UserError(
                f"images must have the {self.in_chans} channel(s) that the backbone of model.pretrained={self.path} "
                f"reads, but have {num_channels}. Convert them, or name another run."
            )

    def left_out(self, samples: Samples) -> list[str]:
        """Say which columns of a table are not read, since the run did not know them."""
        known = {column.name for column in self.columns.columns} if self.columns is not None else set()
        others = [str(name) for name in samples.inputs.columns if name not in known] if known else []
        if not others:
            return []
        return [
            f"columns {shortlist(others, 10)} are left out, because model.pretrained={self.path} does not read them"
        ]


def read_warm(folder: RunFolder, config: DictConfig) -> Warm | None:
    """Read the run that a new run starts from; None where it starts from anything else.

    A copy of the backbone is kept in the folder, so that the run can be resumed when the other one is gone.

    Raises:
        UserError: If it is not finished, is damaged, or has another architecture.
    """
    named = OmegaConf.select(config, "model.pretrained")
    if not isinstance(named, str):
        return None
    if folder.pretrained.is_file():
        return _warm(named, load(folder.pretrained))
    path = own_checkpoint(named)
    if path is None:
        return None
    checkpoint = load_model(path)
    if OmegaConf.select(OmegaConf.create(checkpoint["config"]), "transfer.rank"):
        raise UserError(
            f"model.pretrained={named} must be a run with a whole backbone, but transfer=lora keeps adapters alone. "
            "Start from what that run started from."
        )
    _take_sizes(config, checkpoint["config"]["model"])
    folder.write_config(config)
    model: Any = OmegaConf.to_container(config.model, resolve=True)
    check_alike(model, checkpoint["config"]["model"], named)
    kept = {key: checkpoint[key] for key in ("data", "reads")}
    kept["state_dict"] = {
        name: value
        for name, value in checkpoint["state_dict"].items()
        if name.startswith((BACKBONE, "network.normalize."))
    }
    warm = _warm(named, kept)
    save(kept, folder.pretrained)
    return warm


def _take_sizes(config: DictConfig, known: Mapping[str, Any]) -> None:
    """Give what is `auto` of the backbone, and would follow from the rows, the value that it has in the run."""
    sizes = known.get("backbone") or {}
    for key, value in config.model.items():
        if value == "auto" and key in sizes:
            config.model[key] = sizes[key]


def load_backbone(network: Network, warm: Warm) -> None:
    """Give a network the backbone weights of a run, every one of its tensors.

    Raises:
        UserError: If they do not fit.
    """
    try:
        network.backbone.load_state_dict(dict(warm.weights))
    except RuntimeError as error:
        raise UserError(
            f"model.pretrained={warm.path} must fit the model, but {one_line(error, 200)}. Use the model and the "
            f"data.image_size of that run."
        ) from error


def count_more(columns: ColumnStatistics, rows: NDArray[np.float64]) -> ColumnStatistics:
    """Add training rows (N, D), as `encode_columns` gives them, to the counts of each column."""
    counted = []
    for place, column in enumerate(columns.columns):
        if column.counts:
            values = rows[:, place]
            codes = np.where(np.isnan(values), 0, 1 if column.kind == "numeric" else values).astype(np.int64)
            more = np.bincount(codes, minlength=len(column.counts)) + np.array(column.counts)
            column = replace(column, counts=tuple(more.tolist()))
        counted.append(column)
    return replace(columns, columns=tuple(counted))


def _warm(named: str, checkpoint: Mapping[str, Any]) -> Warm:
    try:
        data, stages = checkpoint["data"], 1 + max(checkpoint["reads"]["stages"])
        state: dict[str, Tensor] = checkpoint["state_dict"]
        weights = {
            name.removeprefix(BACKBONE): value for name, value in state.items() if name.startswith(BACKBONE)
        }
        if not weights:
            raise KeyError("the weights of a backbone")
        if data["kind"] == "table":
            return Warm(
                named, weights, stages, None, None, None, ColumnStatistics.from_state(data["columns"])
            )
        mean, std = (state[f"network.normalize.{name}"].flatten().tolist() for name in ("mean", "std"))
        return Warm(named, weights, stages, len(mean), mean, std, None)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"model.pretrained={named} must hold a complete network, but lacks {one_line(error)}. Name the run folder, "
            f"or its best.ckpt."
        ) from error
