"""A finished run -> a folder with the model in an open format, its preprocessing, and a card; all of it checked."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from groundwork.core.console import Console
from groundwork.core.errors import DONE, UserError
from groundwork.core.noise import silence
from groundwork.core.pair import Pair
from groundwork.core.run_folder import RunFolder, plain
from groundwork.core.trust import checked_config
from groundwork.evaluate.export import preprocess_image, preprocess_table
from groundwork.evaluate.export.card import write_card
from groundwork.evaluate.export.describe import describe_preprocessing, portable
from groundwork.evaluate.export.formats import FORMATS, Format
from groundwork.evaluate.export.samples import Check, check_samples
from groundwork.evaluate.network import file_hash, network_of
from groundwork.evaluate.predict import check_writable, find_finished
from groundwork.model import Network, RegressionHead, predict_batch
from groundwork.train.checkpoint import load_model
from groundwork.train.machine.precision import evaluation_precision

TOLERANCE = 1e-4  # of a probability, or of a target's standard deviation on train


def export_run(keys: Mapping[str, str]) -> int:
    """Write the run that `run` names as `format` into the folder `output`, all files or none.

    Raises:
        UserError: If the run is not finished, the format is unknown or lacks its packages, or the folder can't be
            written.
        RuntimeError: If the written model does not predict what the run predicts.
    """
    silence()
    kind = choose_format(keys["format"])
    folder = find_finished(keys)
    _check_seal(folder)
    checkpoint = load_model(folder.best)
    config = checked_config(checkpoint["config"], folder.best)
    network = network_of(checkpoint, config, folder.best)
    promise, note = portable(checkpoint)  # of one run: a joint model has none
    exported = Exported(folder, checkpoint, network, describe_preprocessing(checkpoint) | promise)
    status = write_export(
        exported, keys["format"], kind, keys.get("output") or folder.path / "export" / keys["format"]
    )
    if note:
        Console().note(note)
    return status


@dataclass(frozen=True)
class Exported:
    """Hold what an export is written from.

    Attributes:
        folder: Of the run, or of the first of the runs that are joined.
        checkpoint: Of the run.
        network: Raw inputs -> output, and `decode` -> prediction.
        preprocessing: Content of `preprocessing.json`.
        joint: Result of the joint model, and its members, for the card; None for a single run.
    """

    folder: RunFolder
    checkpoint: dict[str, Any]
    network: Any
    preprocessing: dict[str, Any]
    joint: Mapping[str, Any] | None = None


def choose_format(name: str) -> Format:
    """Find a format, and refuse one that is unknown or lacks its packages."""
    if name not in FORMATS:
        raise UserError(f"format must be one of {', '.join(FORMATS)}, but got {name!r}. Choose one.")
    FORMATS[name].require()
    return FORMATS[name]


def write_export(exported: Exported, name: str, kind: Format, output: str | Path) -> int:
    """Write every file of an export into a folder, all or none, and say how far the model is from the run."""
    place = Path(output).expanduser().absolute()
    check_writable(place, "output")
    console = Console()
    with TemporaryDirectory(dir=place, prefix=".") as temporary:
        inner = Path(temporary) / "model"
        inner.mkdir()
        with console.progress(f"writing {kind.file}"):
            checked = _write(exported, name, inner)
        for path in sorted(inner.iterdir()):
            os.replace(path, place / path.name)  # noqa: PTH105  # over a file of that name on Windows, too
    code = ", ".join(code_files(exported.preprocessing["kind"]))
    console.say(f"{place}: {kind.file}, {code}, preprocessing.json, card.md")
    console.say(checked)
    return DONE


def _write(exported: Exported, name: str, place: Path) -> str:
    checkpoint, kind, network = exported.checkpoint, FORMATS[name], exported.network
    data, preprocessing = plain(checkpoint["data"]), exported.preprocessing
    _write_json(place / "preprocessing.json", preprocessing)
    for name_of_code, code in code_files(preprocessing["kind"]).items():
        shutil.copyfile(str(code.__file__), place / name_of_code)
    check = check_samples(exported.folder, data, preprocessing, place.parent)
    kind.write(network, _tensors(check.inside[[0, 0]]), _description(checkpoint), place / kind.file)
    difference = measure(kind, place / kind.file, network, check, data)
    checked = f"Largest difference to the run's own predictions: {difference:.1g} ({check.what})."
    if exported.joint is None:
        checked += _precision_note(
            checked_config(checkpoint["config"], exported.folder.best), network, check, data
        )
    card = place / "card.md"
    write_card(
        exported.folder, checkpoint, name, kind.file, preprocessing, checked, card, joint=exported.joint
    )
    return checked


def code_files(kind: str) -> dict[str, ModuleType]:
    """Name the code that goes with a model: file name -> module."""
    if kind == "image_table":
        return {"preprocess.py": preprocess_image, "preprocess_rows.py": preprocess_table}
    return {"preprocess.py": preprocess_image if kind == "image" else preprocess_table}


def measure(kind: Format, file: Path, network: Network, check: Check, data: Mapping[str, Any]) -> float:
    """Compare the written model, fed from files by `preprocess.py`, with the run's own network.

    Returns:
        Largest difference, of a probability or in standard deviations of the target.

    Raises:
        RuntimeError: If it is above TOLERANCE.
    """
    with torch.inference_mode():
        output = network(check.inside)
        expected = network.decode(output).numpy()
    scale = _scale(data, expected.shape[1])
    # where whole numbers are asked for, a value at the half between two of them may go either way
    either = np.zeros(expected.shape, dtype=bool)
    if isinstance(head := network.head, RegressionHead):  # one of one's own rounds nothing that is known
        value = head.values(output).numpy()
        either = (expected == value.round()) & (np.abs(value - np.floor(value) - 0.5) <= TOLERANCE * scale)
    largest = 0.0
    for rows in (slice(None), slice(0, 1)):  # any number of samples at once
        found = kind.run(file, [each[rows] for each in check.outside])
        apart = np.where(either[rows], 0.0, np.abs(found - expected[rows]) / scale)
        largest = max(largest, float(np.max(apart)))
    if not largest <= TOLERANCE:
        raise RuntimeError(f"{file.name} predicts {largest:.2g} off the run itself, more than {TOLERANCE}")
    return largest


def _scale(data: Mapping[str, Any], width: int) -> NDArray[np.float64]:
    """Give the unit (width,) of differences: 1 of a probability, else the deviation of the target, of each quantile."""
    scale = np.atleast_1d(data.get("scale", 1.0))
    return np.tile(scale, width // len(scale))


def _precision_note(config: DictConfig, network: Network, check: Check, data: Mapping[str, Any]) -> str:
    """Say how far a run that predicts in a lower precision is from its network in float32, as others will run it."""
    precision = evaluation_precision(config)
    if precision is torch.float32:
        return ""
    with torch.inference_mode():
        exact, own = (predict_batch(network, check.inside, each) for each in (torch.float32, precision))
    apart = np.abs((own - exact).numpy()) / _scale(data, exact.shape[1])
    return (
        f" Both compute in float32; {config.trainer.precision}, in which the run was measured, is up to "
        f"{float(apart.max()):.1g} off."
    )


def _check_seal(folder: RunFolder) -> None:
    """Refuse a checkpoint that is not the one whose test metrics the card would show."""
    seal = folder.read_json("result").get("seal")
    if seal and seal["checkpoint_hash"] != file_hash(folder.best):
        raise UserError(
            f"run={folder.path} must have the checkpoint that was sealed, but {folder.best} has changed. Restore it."
        )


def _tensors(inputs: Tensor | Pair) -> tuple[Tensor, ...]:
    return (inputs.image, inputs.row) if isinstance(inputs, Pair) else (inputs,)


def _description(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what builds the network; no path of this machine goes out."""
    config = plain(checkpoint["config"])
    model = {**config["model"], "pretrained": bool(config["model"]["pretrained"])}
    if "pretrained" in model["backbone"]:
        model["backbone"] = {**model["backbone"], "pretrained": False}
    kept = {"model": model, "task": config["task"], "predict": config.get("predict") or {}}
    if head := (config.get("loss") or {}).get("head"):  # which a loss may bring along
        kept["loss"] = {"head": head}
    served = {"temperature": checkpoint["temperature"]} if checkpoint.get("temperature") else {}
    return {
        "config": kept,
        "data": plain(checkpoint["data"]),
        "reads": plain(checkpoint["reads"]),
        **served,
    }


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
