"""The only way to the test split: seals a run's official metrics and counts the test in the ledger."""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.intact import intact
from groundwork.core.noise import silence
from groundwork.core.paths import machine_paths
from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import SWEEP
from groundwork.evaluate.figures.photos import wanted_pixels
from groundwork.evaluate.ledger import row_names
from groundwork.evaluate.measure import measure, write_predictions
from groundwork.evaluate.network import file_hash
from groundwork.evaluate.own import measure_own
from groundwork.evaluate.promised import keep_promise, kept_note
from groundwork.evaluate.tested import check_same, count_test, predict_test, row_names_of
from groundwork.report import summary, write_report
from groundwork.track.loggers import log_sealed
from groundwork.train.custom import is_own


def seal_runs(keys: Mapping[str, str]) -> int:
    """Seal the run that `run` names, or every finished run that the glob `runs` matches."""
    silence()
    runs = Path(machine_paths(keys).runs)
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
        check_same(folder, "checkpoint", seal_record["checkpoint_hash"], checkpoint_hash)
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
    names = row_names_of(prepared, config)
    counted = _count(folder, runs, config, prepared.split_hash, names, checkpoint_hash)
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
    plain: Any = OmegaConf.to_container(config)
    return count_test(
        runs, plain, names, run_id=folder.path.name, split_hash=split_hash, checkpoint_hash=checkpoint_hash,
        seed=config.seed,
    )  # fmt: skip


def _check_finished(folder: RunFolder, result: Mapping[str, Any]) -> None:
    if result.get("status") != "done":
        raise UserError(
            f"run={folder.path} must be finished, but is {result.get('status', 'not')}. Resume it first."
        )


def _write(
    folder: RunFolder,
    result: dict[str, Any],
    test: dict[str, dict[str, float]],
    content_hash: str | None,
    counted: dict[str, Any],
) -> None:
    sealed = {**counted["seal"], "content_hash": content_hash}
    folder.write_json("result", {**result, "test": test, "test_count": counted["count"], "seal": sealed})
