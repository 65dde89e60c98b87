"""Gradient boosting of a run on a table: kept beside its network, and what it predicts of new rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.probabilities import soften
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import checked_config
from groundwork.data import Source
from groundwork.evaluate.baselines import Baseline
from groundwork.evaluate.forest import Forest
from groundwork.evaluate.inputs import read_inputs
from groundwork.evaluate.written import write_predicted
from groundwork.metrics import fit_temperature
from groundwork.train.checkpoint import load_model
from groundwork.train.context import Context
from groundwork.train.metrics import build_metrics
from groundwork.train.served import served


def keep_boosting(context: Context, baseline: Baseline | None) -> dict[str, Any]:
    """Write the trees into the run folder, and say what else they are served with; empty where there are none."""
    if baseline is None or (forest := baseline.forest) is None:
        return {}
    forest.save(context.folder.boosting)
    described: dict[str, Any] = {"threshold": getattr(baseline.metrics, "threshold", None)}
    if served(context.config).calibrate != "none":
        prepared = context.prepared
        val = prepared.source.batch(prepared.rows["val"]).numpy()
        described["temperature"] = fit_temperature(forest.predict(val), prepared.targets("val"))
    return {"boosting": described}


def predict_boosted(folder: RunFolder, keys: Mapping[str, str], output: Source) -> int:
    """Predict what `input` names by the gradient boosting of a run, and write the table `output`.

    Raises:
        UserError: If the run has none.
    """
    if not folder.boosting.is_file():
        raise UserError(
            f"serve=gradient_boosting must go with a run on a table that fitted it, but {folder.path} holds none. "
            "Train again, or leave serve= out."
        )
    checkpoint, console = load_model(folder.best), Console()
    config, target = checked_config(checkpoint["config"], folder.best), checkpoint["data"]["target"]
    inputs = read_inputs(keys["input"], checkpoint, keys.get("trust_pickle") == "true", keys)
    for note in inputs.notes:
        console.note(note)
    if checkpoint.get("promise"):
        console.note(
            "sets and intervals (predict.conformal) are promised of the network alone: none are written"
        )
    described = folder.read_json("result").get("boosting") or {}
    rows = inputs.source.batch(np.arange(len(inputs.sample_id))).numpy()
    prediction = _as_asked(
        soften(Forest.load(folder.boosting).predict(rows), described.get("temperature", 1.0)), config
    )
    metrics = build_metrics(config, described.get("threshold"))
    return write_predicted(inputs.sample_id, {}, prediction, metrics, target, keys, output, console)


def _as_asked(prediction: Any, config: DictConfig) -> Any:
    """Keep values within `task.bounds`, and make them whole where the task asks for it, as the network does."""
    if (bounds := config.task.get("bounds")) is not None:
        prediction = np.clip(prediction, *bounds)
    return np.round(prediction) if config.task.get("decision") == "round" else prediction
