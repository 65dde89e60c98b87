"""The only way to the test split: seals a run's official metrics and counts the test in the ledger."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.intact import intact, read_splits
from groundwork.core.patches import silence
from groundwork.core.paths import machine_paths
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import checked_config
from groundwork.core.variables import SWEEP
from groundwork.data import TableSource
from groundwork.data.contents import row_contents
from groundwork.data.prepared import Prepared
from groundwork.data.unseen import averages_unseen, unseen_notes
from groundwork.evaluate.figures.photos import wanted_pixels
from groundwork.evaluate.ledger import append_test, count_configurations, keep_rows, row_names
from groundwork.evaluate.measure import measure, write_predictions
from groundwork.evaluate.network import file_hash, network_of
from groundwork.evaluate.own import measure_own
from groundwork.evaluate.promised import keep_promise, kept_note
from groundwork.model import Network
from groundwork.report import summary, write_report
from groundwork.track.loggers import log_sealed
from groundwork.train.checkpoint import load_model
from groundwork.train.custom import is_own
from groundwork.train.machine.device import best_device
from groundwork.train.machine.environment import commit
from groundwork.train.machine.execution import memory_format
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.metrics import Metrics, build_metrics
from groundwork.train.predict import predict
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples
from groundwork.train.warm import read_warm


def seal_runs(keys: Mapping[str, str]) -> int:
    """Seal the run that `run` names, or every finished run that the glob `runs` matches."""
    silence()
    runs = Path(machine_paths([f"{key}={value}" for key, value in keys.items()]).runs)
    console = Console()
    if "run" in keys:
        folder = RunFolder.find(keys["run"], runs)
        with intact(folder.path):
            seal(folder, runs, console)
        return DONE
    folders = RunFolder.match(keys["runs"])
    for folder in folders:
        if folder.read_json("result").get("status") != "done":
            raise UserError(
                f"runs={keys['runs']} must match finished runs, but {folder.path} is not. Resume it first."
            )
    for folder in folders:
        with intact(folder.path):
            seal(folder, runs, console)
    return DONE


def refuse_debug(folder: RunFolder) -> None:
    """Refuse a debug run.

    Raises:
        UserError: If it is one.
    """
    if folder.is_debug:
        raise UserError(
            f"run={folder.path} must not be a debug run, which tells nothing. Train without debug= first."
        )


def seal(folder: RunFolder, runs: Path, console: Console) -> None:
    """Measure the test split once and write the result down for good.

    Raises:
        UserError: If the run is not finished, or its data, split or checkpoint is not what it was.
    """
    refuse_sweep()
    result = folder.read_json("result")
    _check_finished(folder, result)
    refuse_debug(folder)
    checkpoint_hash = file_hash(folder.best)
    if seal_record := result.get("seal"):
        _check_same(folder, "checkpoint", seal_record["checkpoint_hash"], checkpoint_hash)
        console.say(
            f"{folder.path} is sealed already, since {seal_record['time']}; its official metrics stay"
        )
        console.show(summary(folder.path))
        return
    config = folder.config
    if is_own(config):
        _seal_own(folder, runs, console, config, result, checkpoint_hash)
        return
    found = predict_test(folder, console)
    prepared, prediction, metrics = found.prepared, found.prediction, found.metrics
    test = measure(prediction, "test", metrics, prepared)
    described = result.get("promise", {})
    columns, kept = keep_promise(
        found.checkpoint, prepared, found.network, prediction, found.again, described
    )
    if kept:
        result["promise"] = {**result["promise"], "test": kept}
    counted = _count(
        folder, runs, config, prepared.split_hash, row_names_of(prepared, config), checkpoint_hash
    )
    # The result comes last: a seal that is there is whole.
    write_predictions(folder, "test", prediction, metrics, prepared, columns)
    _write(folder, result, test, prepared.content_hash, counted)
    write_report(folder.path, wanted_pixels(folder, prepared))
    log_sealed(folder, config, console)
    if kept:
        console.say(kept_note(kept, result["promise"]))
    console.show(summary(folder.path))


def refuse_sweep() -> None:
    """Refuse to seal where something is still being chosen."""
    if SWEEP in os.environ:
        raise UserError("the test must not be sealed inside a sweep or search. Seal it when you have chosen.")


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
    device = best_device()
    rows, size, precision = prepared.rows["test"], config.data.batch_size, evaluation_precision(trained)

    def again(one: Network) -> NDArray[np.floating]:
        return predict(one, prepared.source, rows, size, device, precision, console, "predicting test")

    metrics = build_metrics(config, checkpoint.get("threshold"))
    return PredictedTest(prepared, checkpoint, network, again(network), metrics, again)


def _seal_own(
    folder: RunFolder,
    runs: Path,
    console: Console,
    config: DictConfig,
    result: dict[str, Any],
    checkpoint_hash: str,
) -> None:
    """Seal what the user's module logs on test; rows are known by what the test batches hold."""
    test, prepared, hashes = measure_own(folder, config)
    named, split = (
        (
            row_names(Path(), hashes, hashes, named_by_content=True),
            sha256("".join(hashes).encode()).hexdigest(),
        )
        if prepared is None
        else (row_names_of(prepared, config), prepared.split_hash)
    )
    counted = _count(folder, runs, config, split, named, checkpoint_hash)
    if prepared is None:
        result = {**result, "n": {**result.get("n", {}), "test": len(hashes)}}
    _write(folder, result, test, None if prepared is None else prepared.content_hash, counted)
    write_report(folder.path)
    log_sealed(folder, config, console)
    console.show(summary(folder.path))


def _count(
    folder: RunFolder,
    runs: Path,
    config: DictConfig,
    split_hash: str,
    names: NDArray[np.uint64],
    checkpoint_hash: str,
) -> dict[str, Any]:
    """Write the test into the ledger, and give what the seal says of it."""
    rows = keep_rows(runs, names)
    earlier = count_configurations(runs, split_hash, rows)
    count = append_test(
        runs,
        split_hash,
        rows,
        run_id=folder.path.name,
        config=OmegaConf.to_container(config),  # type: ignore[arg-type]  # a mapping, as config.yaml is one
        checkpoint_hash=checkpoint_hash,
        seed=config.seed,
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


def _check_finished(folder: RunFolder, result: Mapping[str, Any]) -> None:
    if result.get("status") != "done":
        raise UserError(
            f"run={folder.path} must be finished, but is {result.get('status', 'not')}. Resume it first."
        )


def prepare_as_trained(folder: RunFolder, config: DictConfig, console: Console) -> Prepared:
    """Prepare the very data and split of the training, which must have left samples to test on."""
    samples, target = read_samples(config)
    warm = read_warm(folder, config) if folder.pretrained.is_file() else None
    prepared = prepare(
        config, samples, target, console, read_splits(folder), None if warm is None else warm.columns
    )
    if prepared.columns is not None and isinstance(prepared.source, TableSource):
        rows = prepared.source.array.numpy()[prepared.rows["test"]]
        for note in unseen_notes(rows, prepared.columns, "test rows", averages_unseen(config.model)):
            console.note(note)
    data = folder.read_json("data")
    _check_same(folder, "data", data["content_hash"], prepared.content_hash)
    _check_same(folder, "split", data["split_hash"], prepared.split_hash)
    if not len(prepared.rows["test"]):
        raise UserError(
            f"run={folder.path} must have test samples, but its split holds none. Nothing to seal."
        )
    return prepared


def _write(
    folder: RunFolder,
    result: dict[str, Any],
    test: dict[str, dict[str, float]],
    content_hash: str | None,
    counted: dict[str, Any],
) -> None:
    sealed = {**counted["seal"], "content_hash": content_hash}
    folder.write_json("result", {**result, "test": test, "test_count": counted["count"], "seal": sealed})


def _check_same(folder: RunFolder, what: str, before: str, now: str) -> None:
    if before != now:
        raise UserError(
            f"the {what} of run={folder.path} must be that of its training, but has changed ({before[:12]} -> "
            f"{now[:12]}). Restore it, or train again."
        )
