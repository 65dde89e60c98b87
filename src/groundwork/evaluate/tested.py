"""A finished run -> its data as in training, its predictions of the test rows, and their entry in the ledger."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import read_splits
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import checked_config
from groundwork.data import TableSource
from groundwork.data.contents import row_contents
from groundwork.data.prepared import Prepared
from groundwork.data.unseen import averages_unseen, unseen_notes
from groundwork.evaluate.ledger import append_test, count_configurations, keep_rows, row_names
from groundwork.evaluate.network import network_of
from groundwork.model import Network
from groundwork.train.checkpoint import load_model
from groundwork.train.machine.device import best_device
from groundwork.train.machine.environment import commit
from groundwork.train.machine.execution import memory_format
from groundwork.train.metrics import Metrics, build_metrics
from groundwork.train.predict import predict_rows
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples
from groundwork.train.warm import read_warm


@dataclass(frozen=True)
class PredictedTest:
    """Hold what a finished run predicts of its test rows.

    Attributes:
        prepared: Its data.
        checkpoint: Of its network.
        network: That predicts.
        prediction: (N, K) or (N, T) of the test rows.
        metrics: With the threshold that val chose.
        again: Predicts the test rows by another network.
    """

    prepared: Prepared
    checkpoint: dict[str, Any]
    network: Network
    prediction: NDArray[np.floating]
    metrics: Metrics
    again: Callable[[Network], NDArray[np.floating]]


def predict_test(folder: RunFolder, console: Console) -> PredictedTest:
    """Predict the test split of a finished run; whoever calls this writes the test into the ledger."""
    config = folder.config
    prepared = prepare_as_trained(folder, config, console)
    checkpoint = load_model(folder.best)
    trained = checked_config(checkpoint["config"], folder.best)  # as `predict` reads it
    network = network_of(checkpoint, trained, folder.best).arrange(memory_format(trained))
    rows = prepared.rows["test"]

    def again(one: Network) -> NDArray[np.floating]:
        return predict_rows(trained, one, prepared.inputs, rows, best_device(), console, "predicting test")

    metrics = build_metrics(config, checkpoint.get("threshold"))
    return PredictedTest(prepared, checkpoint, network, again(network), metrics, again)


def prepare_as_trained(folder: RunFolder, config: DictConfig, console: Console) -> Prepared:
    """Prepare the very data and split of the training, which must have left samples to test on."""
    samples, target = read_samples(config)
    warm = read_warm(folder, config) if folder.pretrained.is_file() else None
    prepared = prepare(
        config, samples, target, console, read_splits(folder), None if warm is None else warm.columns
    )
    table = prepared.table or prepared.source
    if prepared.columns is not None and isinstance(table, TableSource):
        rows = table.array.numpy()[prepared.rows["test"]]
        for note in unseen_notes(rows, prepared.columns, "test rows", averages_unseen(config.model)):
            console.note(note)
    data = folder.read_json("data")
    check_same(folder, "data", data["content_hash"], prepared.content_hash)
    check_same(folder, "split", data["split_hash"], prepared.split_hash)
    if not len(prepared.rows["test"]):
        raise UserError(
            f"run={folder.path} must have test samples, but its split holds none. Nothing to seal."
        )
    return prepared


def check_same(folder: RunFolder, what: str, before: str, now: str) -> None:
    """Refuse what is not as it was in training.

    Raises:
        UserError: If the hashes differ.
    """
    if before != now:
        raise UserError(
            f"the {what} of run={folder.path} must be that of its training, but has changed ({before[:12]} -> "
            f"{now[:12]}). Restore it, or train again."
        )


def count_test(
    runs: Path,
    config: Mapping[str, Any],
    names: NDArray[np.uint64],
    *,
    run_id: str,
    split_hash: str,
    checkpoint_hash: str,
    seed: int,
) -> dict[str, Any]:
    """Write a test into the ledger, and give what the seal says of it.

    Args:
        runs: Folder of the ledger.
        config: What is tested.
        names: Of the test rows, see `row_names_of`.
    """
    rows = keep_rows(runs, names)
    earlier = count_configurations(runs, split_hash, rows)
    count = append_test(
        runs, split_hash, rows, run_id=run_id, config=config, checkpoint_hash=checkpoint_hash, seed=seed
    )
    return {
        "count": count,
        "seal": {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "checkpoint_hash": checkpoint_hash,
            "split_hash": split_hash,
            "rows": rows,
            "commit": commit(),
            "first": earlier == 0,
        },
    }


def row_names_of(prepared: Prepared, config: DictConfig) -> NDArray[np.uint64]:
    """Name the test rows for the ledger."""
    rows = prepared.rows["test"]
    samples, digest = prepared.samples.take(rows), getattr(prepared.source, "digest", None)
    content = (
        row_contents(pd.concat([samples.inputs, samples.target.add_prefix("target ")], axis=1))
        if digest is None
        else np.asarray(digest)[rows]
    )
    by_content = samples.kind == "table" and config.data.get("id_column") is None
    return row_names(samples.root, samples.sample_id.tolist(), content.tolist(), named_by_content=by_content)
