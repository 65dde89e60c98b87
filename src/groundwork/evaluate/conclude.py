"""A fitted network -> its metrics on train and val, and the network that tests are for."""

from typing import Any

import torch
from omegaconf import DictConfig

from groundwork.core.batch import Split
from groundwork.core.console import Console
from groundwork.data.prepared import Prepared
from groundwork.evaluate.measure import measure, values, with_threshold, write_predictions
from groundwork.train.checkpoint import load, save
from groundwork.train.context import Context
from groundwork.train.fit import Fitted
from groundwork.train.frozen.exact import set_head
from groundwork.train.loop import checkpoint_state
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.predict import predict

REFIT = "the head was solved again on train and val together; metrics of train and val are those of the head before"


def conclude(context: Context, fitted: Fitted, device: torch.device) -> dict[str, Any]:
    """Measure train and val in evaluation mode, with intervals, and leave the final network behind.

    Returns:
        What `result.json` says.
    """
    config, prepared, folder, console = context.config, context.prepared, context.folder, context.console
    splits: tuple[Split, ...] = ("train", "val")
    predicted = {split: _predictions(config, prepared, fitted, split, device, console) for split in splits}
    metrics, how_decided = with_threshold(
        context.metrics, config.monitor, predicted["val"], prepared.targets("val"), prepared.names
    )
    if how_decided:
        console.note(how_decided)
        save({**load(folder.best), "threshold": getattr(metrics, "threshold", None)}, folder.best)
    measured = {split: measure(predicted[split], split, metrics, prepared) for split in splits}
    write_predictions(folder, "val", predicted["val"], metrics, prepared)
    result = {
        "task": config.task.name,
        "monitor": config.monitor,
        "direction": context.direction,
        "directions": metrics.directions([config.monitor, *measured["val"]]),
        "best_epoch": fitted.best_epoch,
        "n": {split: len(rows) for split, rows in prepared.rows.items()},
        "train": values(measured["train"]),
        "val": values(measured["val"]),
        "intervals": measured,
        "transfer": fitted.transfer,
        "parameters": fitted.network.describe(),
        "split_hash": prepared.split_hash,
        "threshold": getattr(metrics, "threshold", None),
        "notes": [
            *prepared.notes,
            *filter(None, [how_decided]),
            *([REFIT] if fitted.refit is not None else []),
        ],
        "choices": [prepared.target.why],
    }
    _refit(context, fitted)
    return result


def _predictions(
    config: DictConfig, prepared: Prepared, fitted: Fitted, split: Any, device: torch.device, console: Console
) -> Any:
    """Predict a split by the head on cached features where there are some, by the whole network elsewhere."""
    rows, batch_size = prepared.rows[split], config.data.batch_size
    if fitted.features is None:
        title = f"predicting {split}"
        precision = evaluation_precision(config)
        return predict(fitted.network, prepared.source, rows, batch_size, device, precision, console, title)
    network = fitted.network.to(device).eval()
    with torch.inference_mode():
        features = torch.from_numpy(fitted.features[split]).to(device)
        return network.decode(network.head(features)).float().cpu().numpy()


def _refit(context: Context, fitted: Fitted) -> None:
    """Put the head that learned from val, too, in the place of the one that val has just measured."""
    if fitted.refit is None:
        return
    set_head(fitted.network, fitted.refit)
    best = context.folder.best
    save({**load(best), "state_dict": checkpoint_state(fitted.network)}, best)
    context.console.note(REFIT)
