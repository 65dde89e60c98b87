"""The parts of a run -> one `Trainer.fit` over all of them."""

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig

from groundwork.core.ranks import world_size
from groundwork.model import Network
from groundwork.task import Task
from groundwork.train.assemble import assemble_task, build_data_module, network_reads_images, phase_settings
from groundwork.train.context import Context
from groundwork.train.execute import recompute, settle_execution
from groundwork.train.machine.execution import compile_in_place
from groundwork.train.machine.memory import Beginning, remembers
from groundwork.train.part import Part
from groundwork.train.steps import count_steps


def first_task(run: Context, parts: Sequence[Part], whole: Network) -> Task:
    """Build the task that trains some parts one after the other, and the data module that it reads.

    Args:
        parts: In order; none where an exact head is all there is.
        whole: What the task holds then.
    """
    of_images = next((part for part in parts if network_reads_images(part.network)), None)
    if of_images is not None:  # one choice serves all phases
        settle_execution(run, of_images.network, of_images.source)
    first = parts[0] if parts else _nothing(run, whole)
    run.datamodule = build_data_module(run, first.source)
    # Where nothing trains, no step is measured or compiled.
    settings = enter_part(run, first) if parts else phase_settings(run, first, 1)
    task = assemble_task(run, settings)
    first.network.train()  # Lightning leaves every module in the mode that it finds; frozen ones stay as they are
    return task


def _nothing(run: Context, whole: Network) -> Part:
    phase = run.plan.phases[-1]
    return Part(1, phase, whole, run.prepared.inputs, 1, lambda: None, lambda: None)


def enter_part(run: Context, part: Part) -> dict[str, Any]:
    """Freeze and lay out what a part trains, and give the arguments of `Task.begin`."""
    if remembers(run.config):
        run.beginning = Beginning.of(part.number, run.model.network, run.rows)
    part.enter()
    execution = settle_execution(run, part.network, part.source)
    recompute(run, part.network)
    if execution.compiled:
        compile_in_place(part.network)
    return phase_settings(run, part, count_steps(run.config, run.datamodule, part.epochs))


def batch_line(config: DictConfig) -> str:
    """Say how many samples a step takes on all devices together, and what that means for the learning rate."""
    devices, batch_size, accumulate = (
        world_size(),
        config.data.batch_size,
        config.trainer.accumulate_grad_batches,
    )
    return (
        f"{devices} devices x batch {batch_size} x accumulate {accumulate}: {devices * batch_size * accumulate} "
        f"samples a step; optim.lr={config.optim.lr:g} is taken as it is (a rule for another batch: in proportion "
        f"for sgd, by the square root for adamw)"
    )
