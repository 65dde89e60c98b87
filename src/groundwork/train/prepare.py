"""A configuration -> the data module of a run, and its data; nothing fitted sees val or test."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.atomic import write_text
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.run_folder import RunFolder
from groundwork.data import ColumnStatistics, ImageDataModule, Samples, TableDataModule, Target
from groundwork.data.drop import DROPPED
from groundwork.data.prepare import complete_rows as keeps
from groundwork.data.prepared import Prepared
from groundwork.data.unseen import averages_unseen


def build_data(
    config: DictConfig,
    samples: Samples,
    target: Target,
    console: Console,
    fixed_split: pd.DataFrame | None = None,
    known_columns: ColumnStatistics | None = None,
) -> ImageDataModule | TableDataModule:
    """Build the data module of a run of samples that are read already.

    Args:
        fixed_split: sample_id and split of an earlier run; None draws the split that the configuration says.
        known_columns: Of the run whose backbone this one starts from; None measures the columns on train.
    """
    module = ImageDataModule if samples.kind == "image" else TableDataModule
    return module.from_config(
        config,
        read=lambda: (samples, target),
        console=console,
        fixed_split=fixed_split,
        known_columns=known_columns,
        averages=averages_unseen(config.model),
    )


def prepare(
    config: DictConfig,
    samples: Samples,
    target: Target,
    console: Console,
    fixed_split: pd.DataFrame | None = None,
    known_columns: ColumnStatistics | None = None,
) -> Prepared:
    """Complete, decode and split the samples of a run, see `build_data`."""
    return build_data(config, samples, target, console, fixed_split, known_columns).prepared


def complete_rows(config: DictConfig, samples: Samples) -> NDArray[np.bool_]:
    """Tell which rows (N,) stay under the policy for missing values."""
    return keeps(instantiate(config.missing), samples)


def write_splits(folder: RunFolder, prepared: Prepared) -> None:
    """Write sample_id and split of every sample; a training row that is left out says so."""
    split = (
        prepared.split if prepared.dropped is None else np.where(prepared.dropped, DROPPED, prepared.split)
    )
    table = pd.DataFrame({"sample_id": prepared.samples.sample_id, "split": split})
    write_text(folder.splits, table.to_csv(index=False))


def check_content(folder: RunFolder, prepared: Prepared) -> None:
    """Refuse data that changed since the run, or the run that it is like, was begun.

    Raises:
        UserError: If they did.
    """
    known = folder.read_json("data").get("content_hash")
    if known is not None and known != prepared.content_hash:
        raise UserError(
            f"the data must be that of the run, but its content has changed ({known[:12]} -> "
            f"{prepared.content_hash[:12]}). Restore the data, or start a new run."
        )


def data_facts(prepared: Prepared, task: str) -> dict[str, Any]:
    """Say in plain types what the data are, for `data.json`."""
    return {
        "task": task,
        "classes": list(prepared.target.classes),
        "targets": list(prepared.target.names),
        "content_hash": prepared.content_hash,
        "split_hash": prepared.split_hash,
        "images": {"root": str(prepared.samples.root)},
    }
