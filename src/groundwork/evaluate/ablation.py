"""A run on images and columns -> what heads predict that read one of the two."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from groundwork.model import Network
from groundwork.train.context import Context
from groundwork.train.custom import custom_parts
from groundwork.train.frozen.targets import loss_weights, scaled_target, score_by, solver
from groundwork.train.model import Model
from groundwork.transfer import Candidate, HeldOut, choose_cut, gather, head_loss

Prediction = NDArray[np.floating]
NOT_ALONE = "what the image alone gives is not measured where the backbone trains; like=RUN data.inputs=null trains it"


def predict_alone(context: Context, model: Model) -> dict[str, Prediction]:
    """Predict val by exact linear heads on one part of the inputs each, at the penalty that val chooses.

    Returns:
        `columns`, and `image` where the backbone is frozen; nothing for inputs of one kind.
    """
    table, network, features = context.prepared.table, model.network, model.cached.features
    if table is None or custom_parts(context.config):
        return {}
    rows = {split: context.prepared.rows[split] for split in ("train", "val")}
    network.to(context.device)
    with torch.inference_mode():
        encoded = {
            split: network.columns(table.batch(own).to(context.device)).cpu().numpy()
            for split, own in rows.items()
        }
    found = {"columns": _predict(context, network, encoded["train"], encoded["val"])}
    if features is None or not context.plan.head_only:
        context.console.note(NOT_ALONE)
        return found
    seen = len(features.spatial)
    train, val = (
        gather([stage[: len(own)] for stage in part[:seen]], model.cached.candidate, features.spatial).numpy()
        for part, own in ((features.train, rows["train"]), (features.val, rows["val"]))
    )
    return found | {"image": _predict(context, network, train, val)}


def _predict(context: Context, network: Network, train: Any, val: Any) -> Prediction:
    prepared, device = context.prepared, context.device
    target = scaled_target(network, prepared.targets("train"))
    heads = HeldOut([train], [val], (False,), target, context.plan.strengths, solver(context, device))
    truth = prepared.targets("val")
    choice = choose_cut(
        [Candidate((0,), "mean")],
        heads,
        score_by(context, network, device, truth),
        lambda output: head_loss(
            output, scaled_target(network, truth), loss_weights(context), prepared.target.has_labels
        ),
    )
    return np.asarray(network.decode(choice.output.to(device)).float().cpu().numpy())
