"""A finished run and new files -> a table of decisions and probabilities, or of values in original units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import intact
from groundwork.core.noise import silence
from groundwork.core.paths import machine_paths
from groundwork.core.ranges import check_choice
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import checked_config
from groundwork.data import Source
from groundwork.evaluate.boosted import predict_boosted
from groundwork.evaluate.inputs import Inputs, read_inputs
from groundwork.evaluate.network import network_of, refuse_own
from groundwork.evaluate.promise import Promised
from groundwork.evaluate.promise_groups import new_groups
from groundwork.evaluate.promised import give
from groundwork.evaluate.written import readable, write_predicted
from groundwork.model import Network
from groundwork.train.checkpoint import load_model
from groundwork.train.machine.device import best_device
from groundwork.train.machine.execution import memory_format
from groundwork.train.metrics import build_metrics
from groundwork.train.predict import predict_rows


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
    serve = keys.get("serve", "network")
    check_choice("serve", serve, ("network", "gradient_boosting"))
    with intact(folder.path):
        if serve == "gradient_boosting":
            return predict_boosted(folder, keys, output)
        return _predict(folder, keys, output)


@dataclass(frozen=True)
class Predicted:
    """Hold new samples and what one run predicts of them.

    Attributes:
        inputs: N samples.
        network: Of the run.
        prediction: Probabilities (N, K), or values (N, T).
        again: Predicts rows of the inputs by another network.
    """

    inputs: Inputs
    network: Network
    prediction: NDArray[np.floating]
    again: Callable[[Network, NDArray[np.int64]], NDArray[np.floating]]


def _predict(folder: RunFolder, keys: Mapping[str, str], output: Source) -> int:
    checkpoint, console = load_model(folder.best), Console()
    found = predict_one(folder, checkpoint, keys, console)
    metrics = build_metrics(checked_config(checkpoint["config"], folder.best), checkpoint.get("threshold"))
    target, inputs = checkpoint["data"]["target"], found.inputs
    good, columns = readable(inputs.sample_id, inputs.bad, keys["input"]), {}
    if promised := Promised.of(checkpoint):
        group = new_groups(promised.per, inputs.source, checkpoint["data"], len(inputs.sample_id))[good]
        chosen, sample_id = found.prediction[good], inputs.sample_id.iloc[good].to_numpy()
        classes = target["classes"]

        def again(one: Network) -> NDArray[np.floating]:
            return found.again(one, good)

        given = give(promised, found.network, chosen, again, sample_id, group, bool(classes))
        columns = given.columns(classes, target["names"])
    ids, bad = inputs.sample_id, inputs.bad
    return write_predicted(ids, bad, found.prediction, metrics, target, keys, output, console, columns)


def predict_one(
    folder: RunFolder,
    checkpoint: dict[str, Any],
    keys: Mapping[str, str],
    console: Console,
    said: set[str] | None = None,
) -> Predicted:
    """Predict what `input` names by one run.

    Args:
        said: Notes on the input that need not be said again; this run's are added.
    """
    said = set() if said is None else said
    config = checked_config(checkpoint["config"], folder.best)
    inputs = read_inputs(keys["input"], checkpoint, keys.get("trust_pickle") == "true", keys)
    for note in inputs.notes:
        if note not in said:
            console.note(note)
    said.update(inputs.notes)
    network = network_of(checkpoint, config, folder.best).arrange(memory_format(config))

    def again(one: Network, rows: NDArray[np.int64]) -> NDArray[np.floating]:
        return predict_rows(config, one, inputs.source, rows, best_device(), console, "predicting")

    return Predicted(inputs, network, again(network, np.arange(len(inputs.sample_id))), again)


def find_finished(keys: Mapping[str, str]) -> RunFolder:
    """Find the run that `run` names, of which training must have come to its end."""
    runs = Path(machine_paths(keys).runs)
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
