"""Cached features of a data set -> which transfer scenario to take, measured rather than guessed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from lightning.pytorch import seed_everything
from omegaconf import DictConfig
from torch import Tensor

from groundwork.batch import UserError
from groundwork.data import Samples, Target
from groundwork.report import write_advice
from groundwork.run.build import build_network, describe_data
from groundwork.run.config.own import own_parts
from groundwork.run.folder import RunFolder
from groundwork.run.frozen.exact import choose_head, loss_weights, scaled_target, score_by
from groundwork.run.frozen.features import read_features
from groundwork.run.machine.device import choose_device
from groundwork.run.machine.precision import settle_precision
from groundwork.run.pilot import run_pilots
from groundwork.run.prepare import Prepared, prepare
from groundwork.run.quiet import silence
from groundwork.run.screen import Screen
from groundwork.run.setting import Setting, build_setting
from groundwork.transfer import (
    Advice,
    Plan,
    Probe,
    activation_distance,
    advise,
    measure,
    read_calibration,
)

DISTANCE_ROWS = 256  # training images that the distance of activations is measured on
PERFECT = {"r2": 1.0, "pearson": 1.0, "spearman": 1.0}  # other metrics to maximize are shares, too


def advise_data(
    folder: RunFolder,
    config: DictConfig,
    samples: Samples,
    target: Target,
    screen: Screen,
    choose: Callable[[str], DictConfig],
) -> Advice:
    """Read and split the data of a configuration and recommend a scenario into `advice.json`.

    Raises:
        UserError: If the data are no images, or the model brings no pretrained weights.
    """
    silence()
    seed_everything(config.seed, verbose=False)
    if config.data.kind != "image" or not config.model.pretrained:
        raise UserError(
            f"advice must be asked for images and a pretrained model, but got data of kind {config.data.kind} and "
            f"model.pretrained={config.model.pretrained}. Train with transfer=none or scratch instead."
        )
    if parts := own_parts(config):
        raise UserError(
            f"advice must rest on a linear head, but got {', '.join(parts)}. Compare scenarios by short runs instead."
        )
    prepared = prepare(config, samples, target, screen)
    data = describe_data(config, prepared)
    setting = build_setting(folder, config, prepared, data, screen)
    plan: Plan = instantiate(config.transfer, _convert_="all")
    advice = advise_run(setting, data, plan, choose_device(config), choose)
    write_advice(folder.path)
    return advice


def advise_run(
    setting: Setting,
    data: dict[str, Any],
    plan: Plan,
    device: torch.device,
    choose: Callable[[str], DictConfig],
) -> Advice:
    """Probe the frozen backbone of a run at every depth and recommend a scenario; write `advice.json`.

    Args:
        setting: Configuration, data and folder.
        data: See `describe_data`.
        plan: Of `transfer=auto`: which cuts, pools and strengths are compared.
        device: Where features are computed.
        choose: Gives the configuration of a scenario, for `pilot=true`.
    """
    config, prepared, screen = setting.config, setting.prepared, setting.screen
    network = build_network(config, data, True, None)
    settle_precision(setting, network, plan, device)
    features = read_features(config, network, prepared, plan, device, screen)
    # At every cut and by val alone, as the calibration was measured.
    choice = choose_head(setting, network, features, replace(plan, cut="auto", folds=1), device)
    probe = Probe(
        train=features.train,
        val=features.val,
        spatial=features.spatial,
        target=scaled_target(network, prepared.targets("train")),
        num_outputs=len(prepared.names),
        strengths=plan.strengths,
        class_weights=loss_weights(setting),
        score=score_by(setting, network, device, prepared.targets("val")),
        perfect=PERFECT.get(config.monitor, 1.0) if setting.direction == "max" else 0.0,
    )
    batches = _some_batches(prepared, config.data.batch_size, device)
    distance = activation_distance(network, batches)
    calibration = read_calibration()
    pilots = run_pilots(setting, data, device, choose) if config.pilot else {}
    advice = advise(measure(probe, choice, distance, config.seed), calibration, pilots)
    places = [each.place() for each in calibration]
    setting.folder.write_json("advice.json", {**advice.state(), "measured": places, "pilots": pilots})
    for line in (*advice.why, *advice.would_change):
        screen.say(f"advice: {line}")
    return advice


def _some_batches(prepared: Prepared, batch_size: int, device: torch.device) -> Iterator[Tensor]:
    rows = prepared.rows["train"]
    # Evenly spread, so that every class of a sorted folder takes part.
    spread = rows[np.linspace(0, len(rows) - 1, min(DISTANCE_ROWS, len(rows))).astype(int)]
    for start in range(0, len(spread), batch_size):
        yield prepared.source.batch(spread[start : start + batch_size]).to(device)
