"""Scenarios that train the backbone -> their scores on val after a short run, which an advice may rest on."""

from collections.abc import Callable

import numpy as np
import torch
from omegaconf import DictConfig

from groundwork.core.run_folder import RunFolder
from groundwork.train.context import Context, build_context
from groundwork.train.fit import fit
from groundwork.train.machine.precision import evaluation_precision
from groundwork.train.predict import predict

# Training from scratch needs more than a few epochs to show what it can do.
PILOTS = ("large_similar", "large_different")


def run_pilots(
    context: Context, device: torch.device, choose: Callable[[str], DictConfig]
) -> dict[str, float]:
    """Train each scenario for `pilot_epochs` into `pilot/<scenario>` of the run folder.

    Args:
        context: Of the run that is advised.
        device: Where predictions are made.
        choose: Gives the configuration of a scenario.

    Returns:
        Scenario -> monitored metric on val, higher is better.
    """
    prepared, monitor = context.prepared, context.config.monitor
    sign = 1.0 if context.direction == "max" else -1.0
    scores = {}
    for scenario in PILOTS:
        config = choose(scenario).copy()
        config.trainer.max_epochs = context.config.pilot_epochs
        folder = RunFolder.furnish(context.folder.path / "pilot" / scenario)
        own = build_context(folder, config, prepared, context.data, context.console, context.warm)
        network = fit(own).network
        rows = prepared.rows["val"]
        title = f"predicting val after the pilot of {scenario}"
        size, precision = config.data.batch_size, evaluation_precision(config)
        prediction = predict(network, prepared.source, rows, size, device, precision, context.console, title)
        score = sign * context.metrics.one(monitor, prediction, prepared.targets("val"), prepared.names)
        if np.isfinite(score):
            scores[scenario] = score
        context.console.say(
            f"pilot: {scenario} reached {monitor} {sign * score:.4f} in {config.trainer.max_epochs} epochs"
        )
    return scores
