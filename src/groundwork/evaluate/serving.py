"""Predictions of train and val -> what is served beside the network: its temperature, and the promise of its sets."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.batch import Split
from groundwork.core.probabilities import soften
from groundwork.evaluate.calibrate import Unseen, calibrate, calibration_note, unseen
from groundwork.evaluate.promise import describe_promise, make_promise, promise_note
from groundwork.evaluate.promise_groups import groups_of
from groundwork.train.context import Context
from groundwork.train.model import Model
from groundwork.train.served import Served, served

Predicted = dict[Split, NDArray[np.floating]]


@dataclass
class Serving:
    """Hold what was fitted on rows that the heads did not learn from.

    Attributes:
        predicted: Of train and val, as served.
        temperature: 1 where nothing is calibrated.
        kept: What the checkpoint says of it.
        described: What `result.json` says of it.
        notes: One line each.
    """

    predicted: Predicted
    temperature: float = 1.0
    kept: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def settle_serving(context: Context, model: Model, predicted: Predicted) -> Serving:
    """Fit what the keys of `predict` ask for, and let it act on the network and on what was predicted already."""
    asked, serving = served(context.config), Serving(predicted)
    if not asked.learns:
        return serving
    found = unseen(context.prepared, predicted["val"], model.crossed)
    if asked.calibrate != "none":
        serving.temperature, described = calibrate(found, context.metrics, context.prepared.names)
        serving.predicted = {split: soften(one, serving.temperature) for split, one in predicted.items()}
        found = Unseen(soften(found.prediction, serving.temperature), found.target, found.rows, found.what)
        model.network.temperature = serving.temperature
        serving.kept["temperature"], serving.described["calibration"] = serving.temperature, described
        serving.notes.append(calibration_note(described))
    if asked.conformal is not None:
        _promise(context, model, serving, asked, found)
    for note in serving.notes:
        context.console.note(note)
    return serving


def _promise(context: Context, model: Model, serving: Serving, asked: Served, found: Unseen) -> None:
    prepared, tried = context.prepared, context.tried
    promised = make_promise(
        asked,
        found,
        prepared.target.classes,
        prepared.samples.sample_id.to_numpy()[found.rows],
        groups_of(asked.per, prepared, found.rows),
        model.crossed,
        (serving.predicted["train"], prepared.targets("train")),
    )
    chosen = max(len(tried.every), 1) if not tried.dropped else 2
    described = describe_promise(
        promised, found.what, prepared.target.classes, prepared.columns, chosen > 1 or tried.folds > 1,
        prepared.samples.group is not None,
    )  # fmt: skip
    serving.kept["promise"], serving.described["promise"] = promised.state(), described
    serving.notes.append(promise_note(described))
