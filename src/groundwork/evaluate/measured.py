"""A fitted network -> its metrics on train and val, and the network that tests are for."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from groundwork.core.batch import Split
from groundwork.evaluate.judge import correct, verdicts
from groundwork.evaluate.measure import measure, values, with_threshold, write_predictions
from groundwork.evaluate.outlier import outlier_note
from groundwork.evaluate.serving import Serving, settle_serving
from groundwork.train.checkpoint import load, save
from groundwork.train.checkpoint.weights import checkpoint_state
from groundwork.train.context import Context
from groundwork.train.frozen.targets import set_head
from groundwork.train.metrics import Metrics
from groundwork.train.model import Model
from groundwork.train.predict import predict_rows
from groundwork.train.served import served

Judge = Callable[[Any], dict[str, dict[str, Any]]]  # baselines' predictions -> verdicts
REFIT = "the head was solved again on train and val together; metrics of train and val are those of the head before"


def measure_run(context: Context, model: Model) -> tuple[dict[str, Any], Judge]:
    """Measure train and val in evaluation mode, with intervals, and leave the final network behind.

    Returns:
        What `result.json` says, and the function that judges the baselines.
    """
    config, prepared = context.config, context.prepared
    splits: tuple[Split, ...] = ("train", "val")
    model.network.views = served(config).views
    serving = settle_serving(context, model, {split: _predictions(context, model, split) for split in splits})
    metrics, notes = _settle_metrics(context, serving)
    predicted = serving.predicted
    measured = {split: measure(predicted[split], split, metrics, prepared) for split in splits}
    write_predictions(context.folder, "val", predicted["val"], metrics, prepared)
    solved = model.transfer["solver"] == "exact"
    result = {
        "task": config.task.name,
        "monitor": config.monitor,
        "direction": context.direction,
        "directions": metrics.directions([config.monitor, *measured["val"]]),
        "best_epoch": model.best_epoch,
        "n": {split: len(rows) for split, rows in prepared.rows.items()},
        "train": values(measured["train"]),
        "val": values(measured["val"]),
        "intervals": measured,
        "corrected": correct(
            context, predicted["val"], measured["val"], metrics, solved, serving.temperature
        ),
        "transfer": model.transfer,
        "parameters": model.network.describe(),
        "split_hash": prepared.split_hash,
        "threshold": getattr(metrics, "threshold", None),
        **serving.described,
        "notes": [*prepared.notes, *serving.notes, *notes, *([REFIT] if model.refit is not None else [])],
        "choices": [prepared.target.why],
    }
    _refit(context, model)
    return result, partial(verdicts, context, predicted["val"], metrics)


def _settle_metrics(context: Context, serving: Serving) -> tuple[Metrics, list[str]]:
    """Choose the threshold on val, keep in the checkpoint what is served, and say what is worth knowing.

    Returns:
        The metrics with that threshold, and the notes.
    """
    monitor, prepared, best = context.config.monitor, context.prepared, context.folder.best
    val, truth = serving.predicted["val"], prepared.targets("val")
    metrics, how_decided = with_threshold(context.metrics, monitor, val, truth, prepared.names)
    kept = {"threshold": getattr(metrics, "threshold", None)} if how_decided else {}
    if kept := kept | serving.kept:
        save({**load(best), **kept}, best)
    outlier = (
        outlier_note(metrics.points(val, prepared.names), truth, monitor)
        if prepared.target.task == "regression"
        else ""
    )
    notes = [note for note in (how_decided, outlier) if note]
    for note in notes:
        context.console.note(note)
    return metrics, notes


def _predictions(context: Context, model: Model, split: Split) -> Any:
    """Predict a split by the head on cached features where there are some, by the whole network elsewhere."""
    config, prepared, device = context.config, context.prepared, context.device
    features = model.features(context.plan)
    if features is None or model.network.views > 1:  # of val the image as it is alone was cached
        rows, title = prepared.rows[split], f"predicting {split}"
        return predict_rows(config, model.network, prepared.inputs, rows, device, context.console, title)
    network = model.network.to(device).eval()
    with torch.inference_mode():
        return (
            network.decode(network.head(torch.from_numpy(features[split]).to(device))).float().cpu().numpy()
        )


def _refit(context: Context, model: Model) -> None:
    """Put the head that learned from val, too, in the place of the one that val has just measured."""
    if model.refit is None:
        return
    set_head(model.network, model.refit)
    best = context.folder.best
    save({**load(best), "state_dict": checkpoint_state(model.network)}, best)
    context.console.note(REFIT)
