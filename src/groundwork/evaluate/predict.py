"""A finished run and new files -> a table of decisions and probabilities, or of values in original units."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.console import Console
from groundwork.core.errors import DONE, FAILED, UserError
from groundwork.core.intact import intact
from groundwork.core.patches import silence
from groundwork.core.paths import machine_paths
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import checked_config
from groundwork.data import Source
from groundwork.data.formats.source import write_frame
from groundwork.evaluate.inputs import Inputs, read_inputs
from groundwork.evaluate.measure import decided_table
from groundwork.evaluate.network import network_of, refuse_own
from groundwork.evaluate.promise import Promised, new_groups
from groundwork.evaluate.promised import give
from groundwork.train.checkpoint import load_model
from groundwork.train.machine.device import best_device
from groundwork.train.machine.execution import memory_format
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.metrics import build_metrics
from groundwork.train.predict import predict


def predict_inputs(keys: Mapping[str, str]) -> int:
    """Predict what `input` names by the run that `run` names, and write the table `output`.

    Returns:
        The exit status: 0 if every sample was predicted; 1 if some files could not be read, one line each on
        the error output, and the rest was predicted.

    Raises:
        UserError: If the run is not finished, the input is not what it reads, or the output can't be written.
    """
    silence()
    folder = find_finished(keys)
    output = Source.parse(keys["output"], "output")
    check_writable(output.path.parent, "output")
    with intact(folder.path):
        return _predict(folder, keys, output)


def _predict(folder: RunFolder, keys: Mapping[str, str], output: Source) -> int:
    checkpoint = load_model(folder.best)
    config, target = checked_config(checkpoint["config"], folder.best), checkpoint["data"]["target"]
    inputs = read_inputs(keys["input"], checkpoint, keys.get("trust_pickle") == "true", keys)
    console = Console()
    for note in inputs.notes:
        console.note(note)
    device = best_device()
    rows, size = np.arange(len(inputs.sample_id)), config.data.batch_size
    network = network_of(checkpoint, config, folder.best).arrange(memory_format(config))
    precision = evaluation_precision(config)
    prediction = predict(network, inputs.source, rows, size, device, precision, console, "predicting")
    good = _readable(inputs, keys["input"])
    metrics = build_metrics(config, checkpoint.get("threshold"))
    sample_id, chosen = inputs.sample_id.iloc[good], prediction[good]
    table = decided_table(sample_id, chosen, metrics, target["classes"], target["names"])
    if promised := Promised.of(checkpoint):
        read = partial(predict, source=inputs.source, rows=good, batch_size=size, device=device,
                       precision=precision, console=console, title="predicting by folds")  # fmt: skip
        group = new_groups(promised.per, inputs.source, checkpoint["data"], len(rows))[good]
        classes = target["classes"]
        given = give(promised, network, chosen, read, sample_id.to_numpy(), group, bool(classes))
        table = table.assign(**given.columns(classes, target["names"]))
    _write(table, output)
    console.say(f"{len(good):,} of {len(rows):,} samples predicted: {output}")
    for row, reason in sorted(inputs.bad.items()):
        print(f"not predicted: {inputs.sample_id.iloc[row]} ({reason})", file=sys.stderr)
    return FAILED if inputs.bad else DONE


def find_finished(keys: Mapping[str, str]) -> RunFolder:
    """Find the run that `run` names, of which training must have come to its end."""
    runs = Path(machine_paths([f"{key}={value}" for key, value in keys.items()]).runs)
    folder = RunFolder.find(keys["run"], runs)
    status = folder.read_json("result").get("status", "not")
    if status != "done":
        raise UserError(
            f"run={folder.path} must be finished, but is {status}. Resume it, or name another run."
        )
    refuse_own(folder)
    return folder


def check_writable(folder: Path, key: str) -> None:
    """Refuse a folder in which no file can be made, before any work is done for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"{key} must lie in a folder one can write to, but {folder}: {reason}. Name another."
        ) from error


def _readable(inputs: Inputs, where: str) -> NDArray[np.int64]:
    good = np.array([row for row in range(len(inputs.sample_id)) if row not in inputs.bad], dtype=np.int64)
    if not len(good):
        row, reason = min(inputs.bad.items())
        raise UserError(
            f"input must hold images that the run can read, but {where} holds none: {inputs.sample_id.iloc[row]} "
            f"({reason}). Check the files."
        )
    return good


def _write(table: DataFrame, output: Source) -> None:
    try:
        write_frame(table, output)
    except OSError as error:
        raise UserError(
            f"output={output} must be a file one can write, but: {error}. Name another."
        ) from error
