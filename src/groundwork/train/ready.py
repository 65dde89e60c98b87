"""Samples and a completed configuration -> the data of a run, split and measured, and its transfer scenario."""

import time
from dataclasses import replace

from lightning.pytorch import seed_everything
from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.instantiate import instantiate
from groundwork.core.intact import read_splits
from groundwork.core.malloc import return_memory
from groundwork.core.noise import silence
from groundwork.core.ranks import from_first, in_turns, is_first, world_size
from groundwork.core.run_folder import RunFolder
from groundwork.data import Samples, Target
from groundwork.data.order import table_batch_size
from groundwork.data.prepared import Prepared
from groundwork.train.adopt import adopt
from groundwork.train.advice.advise import advise_run
from groundwork.train.advice.race import clear, take_over
from groundwork.train.audit.facts import write_facts
from groundwork.train.build import describe_data
from groundwork.train.checkpoint import load, save
from groundwork.train.context import Context, build_context
from groundwork.train.corrected import KeepTried
from groundwork.train.custom import FALLBACK, custom_parts
from groundwork.train.job import Job
from groundwork.train.loop import batch_line
from groundwork.train.machine.device import unusable_gpu
from groundwork.train.machine.environment import describe_environment
from groundwork.train.prepare import check_content, prepare, write_splits
from groundwork.train.share import data_key, once
from groundwork.train.target_scale import settle_target_scale
from groundwork.train.warm import Warm, read_warm


def make_ready(job: Job, config: DictConfig, samples: Samples, target: Target, began: float) -> Context:
    """Prepare the data, write down what is known of it, and decide the scenario where it is `auto`.

    Args:
        job: Of the run.
        config: Complete but for the scenario.
        samples: As read.
        target: What is predicted.
        began: When reading began, by `time.perf_counter`.
    """
    folder, console = job.folder, job.console
    silence()
    folder.write_json("environment", describe_environment(job.overrides))
    seed_everything(config.seed, verbose=False)
    if is_first() and config.trainer.accelerator == "auto" and (said := unusable_gpu()):
        console.note(f"training on the processor: {said}")
    warm = read_warm(folder, config)
    prepared = _prepare(folder, config, samples, target, console, warm)
    return_memory()
    asked = config.copy()
    _settle_by_rows(config, prepared)
    data = describe_data(config, prepared, warm)
    if scale := settle_target_scale(config, prepared, console):
        data["target_scale"] = scale
    if config != asked:
        folder.write_config(config)
    run = build_context(folder, config, prepared, data, console, warm)
    write_facts(run)
    seconds, goes_on = {"data": time.perf_counter() - began}, False
    if config.transfer.scenario == "auto":
        (config, goes_on), tried = _choose_scenario(run, job), run.tried
        _settle_by_rows(config, prepared)
        run = build_context(folder, config, prepared, data, console, warm)
        run.tried = tried  # the advice chose on val, too
    else:
        _recall(run)
    if world_size() > 1:
        console.say(batch_line(config))
    run = replace(run, overrides=job.overrides, resume=job.resume or goes_on, began=began, seconds=seconds)
    job.run = run
    return run


def _settle_by_rows(config: DictConfig, prepared: Prepared) -> None:
    if config.data.batch_size == "auto":
        config.data.batch_size = table_batch_size(len(prepared.rows["train"]))


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
    check_content(folder, prepared)
    write_splits(folder, prepared)
    return prepared


def _choose_scenario(run: Context, job: Job) -> tuple[DictConfig, bool]:
    """Take what the advice recommends, and write it down, so that a resumed run takes it, too.

    Returns:
        The configuration, and whether its training is behind it: a race left what it trained.
    """
    if custom_parts(run.config):
        config, raced = job.choose(FALLBACK), ""
    else:
        advice = from_first(lambda: advise_run(run, run.plan, run.device, job.choose, job.overrides))
        config, raced = job.choose(advice.scenario).copy(), advice.folder
        config.merge_with_dotlist([*advice.changes])
        if not raced and config.transfer.cut == "auto" and not run.plan.crosses:  # compared already
            OmegaConf.update(config, "transfer", {"cut": advice.cut, "pool": advice.pool}, merge=True)
    if raced:
        take_over(run.folder, raced)
    save({"state_dict": {}, **KeepTried(run.tried).state_dict()}, run.folder.advised)
    run.folder.write_config(config)
    clear(run.folder)
    return config, bool(raced)


def _recall(run: Context) -> None:
    """Take over what a process before this one chose among, if it was stopped after it took the advice."""
    if run.folder.advised.exists():
        KeepTried(run.tried).load_state_dict(load(run.folder.advised))
        clear(run.folder)
