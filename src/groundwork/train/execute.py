"""A network and this machine -> how its steps are computed, chosen once and written into the run."""

from copy import deepcopy

import torch
from omegaconf import DictConfig

from groundwork.core.instantiate import instantiate
from groundwork.core.ranks import from_first, world_size
from groundwork.data.batches import Source
from groundwork.model import Network, recompute_activations
from groundwork.train.assemble import network_reads_images
from groundwork.train.context import Context
from groundwork.train.machine.choosing import choose_execution
from groundwork.train.machine.device import choose_device
from groundwork.train.machine.execution import Execution
from groundwork.transfer import Plan


def settle_execution(context: Context, network: Network, source: Source) -> Execution:
    """Choose how steps are computed, and write it down, so that a resumed run computes the same bits.

    Args:
        network: Frozen as it will train.
        source: What it reads.
    """
    config, trainer, asked = context.config, context.config.trainer, context.config.execution

    def inputs() -> torch.Tensor:
        return source.batch(context.prepared.rows["train"][: config.data.batch_size])

    num_images = len(context.prepared.rows["train"]) * trainer.max_epochs // world_size()
    execution = from_first(
        lambda: choose_execution(
            config, _at_length(config, network), inputs, choose_device(config), num_images
        )
    )
    execution.apply(network)
    if execution.distrusted and execution.seconds is not None:
        context.note_once(
            "execution=auto measured while others computed on this machine, so what it found is not remembered; "
            "execution=plain measures nothing"
        )
    if execution.gain > 1:
        context.console.say(
            f"execution: {execution.memory_format}, {execution.precision}, {execution.threads} threads"
            f"{', compiled' * execution.compiled}, {execution.gain:.2f} times as fast as {execution.plainest}"
        )
    if network_reads_images(network) and "auto" in (
        asked.memory_format,
        trainer.precision,
        asked.threads,
        asked.compile,
    ):
        trainer.precision, asked.memory_format = execution.precision, execution.memory_format
        asked.threads, asked.compile = execution.threads, execution.compiled
        context.keep_config()
    return execution


def _at_length(config: DictConfig, network: Network) -> Network:
    """Give a network that reads images as its longest phase trains it: one choice has to serve all phases."""
    if not network_reads_images(network):
        return network
    plan: Plan = instantiate(config.transfer, _convert_="all")
    longest = max(plan.phases, key=lambda phase: phase.share)
    return plan.enter(deepcopy(network), longest)


def recompute(context: Context, network: Network) -> None:
    """Let the network keep fewer activations, where the configuration asks for it."""
    name = context.config.model.name
    if context.config.execution.grad_checkpointing and not recompute_activations(network.backbone):
        context.console.note(
            f"execution.grad_checkpointing has no effect here: {name} cannot compute its blocks again"
        )
