"""A fitted network -> its metrics on train and val, and the network that tests are for."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from groundwork.core.batch import Split
from groundwork.evaluate.judge import correct, verdicts
from groundwork.evaluate.measure import measure, values, with_threshold, write_predictions
from groundwork.evaluate.outlier import outlier_note
from groundwork.evaluate.serving import settle_serving
from groundwork.train.checkpoint import load, save
from groundwork.train.checkpoint.weights import checkpoint_state
from groundwork.train.context import Context
from groundwork.train.frozen.exact import set_head
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.model import Model
from groundwork.train.predict import predict
from groundwork.train.served import served

Judge = Callable[[Any], dict[str, dict[str, Any]]]  # baselines' predictions -> verdicts
REFIT = "the head was solved again on train and val together; metrics of train and val are those of the head before"


def measure_run(context: Context, model: Model) -> tuple[dict[str, Any], Judge]:
    """Measure train and val in evaluation mode, with intervals, and leave the final network behind.

    Returns:
        What `result.json` says, and the function that judges the baselines.
    """
    config, prepared, folder = context.config, context.prepared, context.folder
    splits: tuple[Split, ...] = ("train", "val")
    model.network.views = served(config).views
    predicted = {split: _predictions(context, model, split) for split in splits}
    serving = settle_serving(context, model, predicted)
    predicted, temperature = serving.predicted, serving.temperature
    metrics, how_decided = with_threshold(
        context.metrics, config.monitor, predicted["val"], prepared.targets("val"), prepared.names
    )
    if how_decided:
        context.console.note(how_decided)
    kept = {"threshold": getattr(metrics, "threshold", None)} if how_decided else {}
    if kept := kept | serving.kept:
        save({**load(folder.best), **kept}, folder.best)
    outlier = (
        ""
        if prepared.target.task != "regression"
        else outlier_note(predicted["val"], prepared.targets("val"), config.monitor)
    )
    if outlier:
        context.console.note(outlier)
    measured = {split: measure(predicted[split], split, metrics, prepared) for split in splits}
    write_predictions(folder, "val", predicted["val"], metrics, prepared)
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
            context,
            predicted["val"],
            measured["val"],
            metrics,
            model.transfer["solver"] == "exact",
            temperature,
        ),
        "transfer": model.transfer,
        "parameters": model.network.describe(),
        "split_hash": prepared.split_hash,
        "threshold": getattr(metrics, "threshold", None),
        **serving.described,
        "notes": [
            *prepared.notes,
            *serving.notes,
            *filter(None, [how_decided, outlier]),
            *([REFIT] if model.refit is not None else []),
        ],
        "choices": [prepared.target.why],
    }
    judge = partial(verdicts, context, predicted["val"], metrics)
    _refit(context, model)
    return result, judge


def _predictions(context: Context, model: Model, split: Split) -> Any:
    """Predict a split by the head on cached features where there are some, by the whole network elsewhere."""
    config, prepared, device = context.config, context.prepared, context.device
    features = model.features(context.plan)
    if features is None or model.network.views > 1:  # of val the image as it is alone was cached
        rows, precision = prepared.rows[split], evaluation_precision(config)
        title, size = f"predicting {split}", config.data.batch_size
        return predict(model.network, prepared.inputs, rows, size, device, precision, context.console, title)
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
