"""Samples and a configuration -> a finished run folder: split, fit, choose on val, measure, draw."""

import time
from collections.abc import Callable
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.pytorch import seed_everything
from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import read_splits
from groundwork.core.patches import silence
from groundwork.core.ranks import from_first, in_turns, is_first, leave, world_size
from groundwork.core.run_folder import RunFolder
from groundwork.data import Samples, Stream, Target
from groundwork.data.prepared import Prepared
from groundwork.evaluate.baselines import measure_baselines
from groundwork.evaluate.conclude import conclude
from groundwork.evaluate.figures.attention import write_attention
from groundwork.evaluate.figures.augmentation import draw_augmentation
from groundwork.evaluate.figures.dependence import write_dependence
from groundwork.evaluate.figures.photos import wanted_pixels
from groundwork.launch.config.check import idle_keys
from groundwork.report import summary, write_report
from groundwork.train.adopt import adopt
from groundwork.train.advise import advise_run
from groundwork.train.audit.facts import write_facts
from groundwork.train.build import describe_data
from groundwork.train.context import Context, build_context
from groundwork.train.custom import FALLBACK, custom_parts, is_custom_task
from groundwork.train.fit import Fitted, fit
from groundwork.train.loop import batch_line
from groundwork.train.machine.device import choose_device
from groundwork.train.machine.environment import describe_environment
from groundwork.train.machine.memory import memory_explained
from groundwork.train.prepare import prepare, write_splits
from groundwork.train.share import data_key, once
from groundwork.train.warm import Warm, read_warm
from groundwork.transfer import Plan


def train(
    folder: RunFolder,
    config: DictConfig,
    samples: Samples,
    target: Target,
    console: Console,
    overrides: tuple[str, ...],
    resume: bool,
    choose: Callable[[str], DictConfig],
    began: float,
) -> None:
    """Split, fit, choose on val, measure and draw one run.

    Args:
        folder: Of the run; its configuration is written already.
        config: Resolved.
        samples: As read.
        target: What is predicted.
        console: Where to speak.
        overrides: That composed the configuration.
        resume: Go on with the split and the last checkpoint that the folder holds.
        choose: Gives the configuration with the transfer scenario that the advice takes, for `transfer=auto`.
        began: When the first row was about to be read, by `time.perf_counter`.
    """
    silence()
    folder.write_json("environment", describe_environment(overrides))
    seed_everything(config.seed, verbose=False)
    warm = read_warm(folder, config)
    prepared = _prepare(folder, config, samples, target, console, warm)
    data = describe_data(config, prepared, warm)
    context = build_context(folder, config, prepared, data, console, warm)
    write_facts(context)
    seconds = {"data": time.perf_counter() - began}

    plan = instantiate(config.transfer, _convert_="all")
    device = choose_device(config)
    if plan.scenario == "auto":
        config = _choose_scenario(context, plan, device, choose)
        plan = instantiate(config.transfer, _convert_="all")
        context = build_context(folder, config, prepared, data, console, warm)
    if world_size() > 1:
        console.say(batch_line(config))
    with memory_explained(config):
        fitted = fit(context, plan, device, resume)
    leave()
    if not is_first():
        return
    _note_idle(context, plan, fitted, overrides, device)
    result = {**conclude(context, fitted, device), "baselines": _baselines(context)}
    begun = {"changes": folder.read_json("result").get("changes", {})}
    result |= {**begun, "status": "done", "seconds": seconds | fitted.seconds}
    _write_result(context, fitted, device, result, began)
    console.show(summary(folder.path))


def _write_result(
    context: Context, fitted: Fitted, device: torch.device, result: dict[str, Any], began: float
) -> None:
    """Write `result.json` and the report, and then how long all of it took, from the start of reading."""
    folder, seconds = context.folder, result["seconds"]
    measured = time.perf_counter()
    seconds["total"] = measured - began
    folder.write_json("result", result)
    if context.config.report.write:
        _draw(context, fitted, device)
        seconds["report"] = time.perf_counter() - measured
        seconds["total"] = time.perf_counter() - began
        folder.write_json("result", result)


def _prepare(
    folder: RunFolder,
    config: DictConfig,
    samples: Samples,
    target: Target,
    console: Console,
    warm: Warm | None,
) -> Prepared:
    """Prepare the data by the split of the folder, where this run before it stopped, or `like`, left one."""
    fixed = read_splits(folder) if folder.splits.exists() else None
    columns = None if warm is None else warm.columns
    with in_turns():
        if fixed is None:
            key = (data_key(config), None if columns is None else config.model.pretrained)
            prepared = once(key, lambda: prepare(config, samples, target, console, None, columns))
        else:
            prepared = prepare(config, samples, target, console, fixed, columns)
    if warm is not None:
        prepared = adopt(prepared, warm, instantiate(config.transfer, _convert_="all"))
    _check_content(folder, prepared)
    write_splits(folder, prepared)
    return prepared


def _choose_scenario(
    context: Context,
    plan: Plan,
    device: torch.device,
    choose: Callable[[str], DictConfig],
) -> DictConfig:
    """Take what the advice recommends, and write it down, so that a resumed run takes it, too."""
    if custom_parts(context.config):
        config = choose(FALLBACK)
    else:
        advice = from_first(lambda: advise_run(context, plan, device, choose))
        config = choose(advice.scenario)
        if config.transfer.cut == "auto":  # compared already
            OmegaConf.update(config, "transfer", {"cut": advice.cut, "pool": advice.pool}, merge=True)
    context.folder.write_config(config)
    return config


def _check_content(folder: RunFolder, prepared: Prepared) -> None:
    """Refuse data that changed since the run, or the run that it is like, was begun."""
    known = folder.read_json("data").get("content_hash")
    if known is not None and known != prepared.content_hash:
        raise UserError(
            f"the data must be that of the run, but its content has changed ({known[:12]} -> "
            f"{prepared.content_hash[:12]}). Restore the data, or start a run of its own."
        )


def _note_idle(
    context: Context, plan: Plan, fitted: Fitted, overrides: tuple[str, ...], device: torch.device
) -> None:
    """Name the keys that were typed in vain."""
    solver, augments = fitted.transfer["solver"], instantiate(context.config.augment).active
    solves = "strengths" in fitted.transfer
    trains, crosses = solver != "exact" or not plan.head_only, solves and plan.head_only
    stays = device.type == "cuda" and not isinstance(context.prepared.source, Stream)
    if idle := idle_keys(overrides, solves, trains, crosses, augments, stays):
        context.console.note(
            f"{', '.join(idle)} set by hand has no effect on this run (solver {solver}, {device.type})"
        )


def _baselines(context: Context) -> dict[str, Any]:
    """Measure the baselines on val, once for all runs of this process; none for a task of one's own."""
    config = context.config
    with context.console.progress("fitting baselines"):
        if is_custom_task(config):
            return {}
        key = ("baselines", config.monitor, str(config.metrics), data_key(config))
        return once(key, lambda: measure_baselines(context.metrics, config.monitor, context.prepared))


def _draw(context: Context, fitted: Fitted, device: torch.device) -> None:
    """Write what needs the network or the store to be drawn, and the report."""
    folder, prepared = context.folder, context.prepared
    draw_augmentation(context, folder)
    write_attention(folder, fitted.network, prepared, device)
    write_dependence(folder, fitted.network, prepared, device)
    write_report(folder.path, wanted_pixels(folder, prepared))
