"""Cached features of a data set -> which transfer scenario to take, measured rather than guessed."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor

from groundwork.data.prepared import Prepared
from groundwork.train.build import build_pretrained
from groundwork.train.context import Context
from groundwork.train.frozen.exact import choose_head, loss_weights, scaled_target, score_by
from groundwork.train.frozen.features import read_features
from groundwork.train.machine.precision import settle_precision
from groundwork.train.pilot import run_pilots
from groundwork.transfer import Advice, Plan, Probe, activation_distance, advise, measure, read_calibration

DISTANCE_ROWS = 256  # training images that the distance of activations is measured on
PERFECT = {"r2": 1.0, "pearson": 1.0, "spearman": 1.0}  # other metrics to maximize are shares, too


def advise_run(
    context: Context,
    plan: Plan,
    device: torch.device,
    choose: Callable[[str], DictConfig],
) -> Advice:
    """Probe the frozen backbone of a run at every depth and recommend a scenario; write `advice.json`.

    Args:
        context: Configuration, data and folder.
        plan: Of `transfer=auto`: which cuts, pools and strengths are compared.
        device: Where features are computed.
        choose: Gives the configuration of a scenario, for `pilot=true`.
    """
    config, prepared, console = context.config, context.prepared, context.console
    network = build_pretrained(config, context.data, context.warm)
    settle_precision(context, network, plan, device)
    features = read_features(config, network, prepared, plan, device, console)
    # At every cut and by val alone, as the calibration was measured.
    choice = choose_head(context, network, features, replace(plan, cut="auto", folds=1), device)
    probe = Probe(
        train=features.train,
        val=features.val,
        spatial=features.spatial,
        target=scaled_target(network, prepared.targets("train")),
        num_outputs=len(prepared.names),
        strengths=plan.strengths,
        class_weights=loss_weights(context),
        score=score_by(context, network, device, prepared.targets("val")),
        perfect=PERFECT.get(config.monitor, 1.0) if context.direction == "max" else 0.0,
    )
    batches = _some_batches(prepared, config.data.batch_size, device)
    distance = activation_distance(network, batches)
    calibration = read_calibration()
    pilots = run_pilots(context, device, choose) if config.pilot else {}
    advice = advise(measure(probe, choice, distance, config.seed), calibration, pilots)
    places = [each.place() for each in calibration]
    context.folder.write_json("advice", {**advice.state(), "measured": places, "pilots": pilots})
    for line in (*advice.why, *advice.would_change):
        console.say(f"advice: {line}")
    return advice


def _some_batches(prepared: Prepared, batch_size: int, device: torch.device) -> Iterator[Tensor]:
    rows = prepared.rows["train"]
    # Evenly spread, so that every class of a sorted folder takes part.
    spread = rows[np.linspace(0, len(rows) - 1, min(DISTANCE_ROWS, len(rows))).astype(int)]
    for start in range(0, len(spread), batch_size):
        yield prepared.source.batch(spread[start : start + batch_size]).to(device)
