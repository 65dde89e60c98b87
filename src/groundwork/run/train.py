"""Samples and a configuration -> a finished run folder: split, fit, choose on val, measure, draw."""

import time
from collections.abc import Callable
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.pytorch import seed_everything
from omegaconf import DictConfig, OmegaConf

from groundwork.batch import UserError
from groundwork.data import Samples, Stream, Target
from groundwork.report import summary, write_report
from groundwork.run.advise import advise_run
from groundwork.run.audit.facts import write_facts
from groundwork.run.build import describe_data
from groundwork.run.conclude import conclude
from groundwork.run.config.check import idle_keys
from groundwork.run.config.own import FALLBACK, is_own_task, own_parts
from groundwork.run.figure.attention import write_attention
from groundwork.run.figure.augmentation import draw_augmentation
from groundwork.run.figure.dependence import write_dependence
from groundwork.run.figure.photos import wanted_pixels
from groundwork.run.fit import Fitted, fit
from groundwork.run.folder import RunFolder
from groundwork.run.folder.intact import read_splits
from groundwork.run.loop import batch_line
from groundwork.run.machine.device import choose_device
from groundwork.run.machine.environment import describe_environment
from groundwork.run.machine.memory import memory_explained
from groundwork.run.outcome import measure_baselines
from groundwork.run.prepare import Prepared, prepare, write_splits
from groundwork.run.process.ranks import from_first, in_turns, is_first, leave, world_size
from groundwork.run.process.share import data_key, once
from groundwork.run.quiet import silence
from groundwork.run.screen import Screen
from groundwork.run.setting import Setting, build_setting
from groundwork.transfer import Plan


def train(
    folder: RunFolder,
    config: DictConfig,
    samples: Samples,
    target: Target,
    screen: Screen,
    words: tuple[str, ...],
    resume: bool,
    choose: Callable[[str], DictConfig],
) -> None:
    """Split, fit, choose on val, measure and draw one run.

    Args:
        folder: Of the run; its configuration is written already.
        config: Resolved.
        samples: As read.
        target: What is predicted.
        screen: Where to speak.
        words: That composed the configuration.
        resume: Go on with the split and the last checkpoint that the folder holds.
        choose: Gives the configuration with the transfer scenario that the advice takes, for `transfer=auto`.
    """
    silence()
    folder.write_json("environment.json", describe_environment(words))
    began = time.perf_counter()
    seed_everything(config.seed, verbose=False)
    prepared = _prepare(folder, config, samples, target, screen)
    data = describe_data(config, prepared)
    setting = build_setting(folder, config, prepared, data, screen)
    write_facts(setting, data)
    seconds = {"data": time.perf_counter() - began}

    plan = instantiate(config.transfer, _convert_="all")
    device = choose_device(config)
    if plan.scenario == "auto":
        config = _choose_scenario(setting, data, plan, device, choose)
        plan = instantiate(config.transfer, _convert_="all")
        setting = build_setting(folder, config, prepared, data, screen)
    if world_size() > 1:
        screen.say(batch_line(config))
    with memory_explained(config):
        fitted = fit(setting, data, plan, device, resume)
    leave()
    if not is_first():
        return
    _note_idle(setting, plan, fitted, words, device)
    result = {**conclude(setting, fitted, device), "baselines": _baselines(setting)}
    seconds |= fitted.seconds | {"total": time.perf_counter() - began}
    begun = {"changes": folder.read_json("result.json").get("changes", {})}
    folder.write_json("result.json", {**result, **begun, "status": "done", "seconds": seconds})
    if config.report.write:
        _draw(setting, fitted, device)
    screen.show(summary(folder.path))


def _prepare(
    folder: RunFolder, config: DictConfig, samples: Samples, target: Target, screen: Screen
) -> Prepared:
    """Prepare the data by the split of the folder, where this run before it stopped, or `like`, left one."""
    fixed = read_splits(folder) if folder.splits.exists() else None
    with in_turns():
        if fixed is None:
            prepared = once(data_key(config), lambda: prepare(config, samples, target, screen))
        else:
            prepared = prepare(config, samples, target, screen, fixed)
    _check_content(folder, prepared)
    write_splits(folder, prepared)
    return prepared


def _choose_scenario(
    setting: Setting,
    data: dict[str, Any],
    plan: Plan,
    device: torch.device,
    choose: Callable[[str], DictConfig],
) -> DictConfig:
    """Take what the advice recommends, and write it down, so that a resumed run takes it, too."""
    if own_parts(setting.config):
        config = choose(FALLBACK)
    else:
        advice = from_first(lambda: advise_run(setting, data, plan, device, choose))
        config = choose(advice.scenario)
        if config.transfer.cut == "auto":  # compared already
            OmegaConf.update(config, "transfer", {"cut": advice.cut, "pool": advice.pool}, merge=True)
    setting.folder.write_config(config)
    return config


def _check_content(folder: RunFolder, prepared: Prepared) -> None:
    """Refuse data that changed since the run, or the run that it is like, was begun."""
    known = folder.read_json("data.json").get("content_hash")
    if known is not None and known != prepared.content_hash:
        raise UserError(
            f"the data must be that of the run, but its content has changed ({known[:12]} -> "
            f"{prepared.content_hash[:12]}). Restore the data, or start a run of its own."
        )


def _note_idle(
    setting: Setting, plan: Plan, fitted: Fitted, words: tuple[str, ...], device: torch.device
) -> None:
    """Name the keys that were typed in vain."""
    solver, augments = fitted.transfer["solver"], instantiate(setting.config.augment).active
    solves = "strengths" in fitted.transfer
    trains, crosses = solver != "exact" or not plan.head_only, solves and plan.head_only
    stays = device.type == "cuda" and not isinstance(setting.prepared.source, Stream)
    if idle := idle_keys(words, solves, trains, crosses, augments, stays):
        setting.screen.note(
            f"{', '.join(idle)} set by hand has no effect on this run (solver {solver}, {device.type})"
        )


def _baselines(setting: Setting) -> dict[str, Any]:
    """Measure the baselines on val, once for all runs of this process; none for a task of one's own."""
    config = setting.config
    with setting.screen.progress("fitting baselines"):
        if is_own_task(config):
            return {}
        key = ("baselines", config.monitor, str(config.metrics), data_key(config))
        return once(key, lambda: measure_baselines(setting.metrics, config.monitor, setting.prepared))


def _draw(setting: Setting, fitted: Fitted, device: torch.device) -> None:
    """Write what needs the network or the store to be drawn, and the report."""
    folder, prepared = setting.folder, setting.prepared
    draw_augmentation(setting, folder)
    write_attention(folder, fitted.network, prepared, device)
    write_dependence(folder, fitted.network, prepared, device)
    write_report(folder.path, wanted_pixels(folder, prepared))
