"""A network whose activations do not fit into memory -> one that keeps few of them and computes the rest again."""

from typing import Any

from torch import nn

from groundwork.core.patches import has_forward_pre_hook, in_backward
from groundwork.model.network import BATCH_NORMS


def recompute_activations(backbone: nn.Module) -> bool:
    """Let a backbone keep the inputs of its blocks alone in training, and run each block again on the way back.

    Gradients, and the statistics of every BatchNorm, are what they are without.

    Args:
        backbone: One of timm, or any that has `set_grad_checkpointing` as timm's models do.

    Returns:
        Whether the backbone knows how.

    Source:
        Chen et al., 2016, arXiv:1604.06174.
    """
    model: Any = getattr(backbone, "model", backbone)
    if not hasattr(model, "set_grad_checkpointing"):
        return False
    try:
        model.set_grad_checkpointing(True)
    except AssertionError:  # how timm says that a model cannot
        return False
    for module in backbone.modules():
        if isinstance(module, BATCH_NORMS) and not has_forward_pre_hook(module, _hold_statistics):
            module.register_forward_pre_hook(_hold_statistics)
            # always: the second run ends by an exception as soon as all that backward needs is there
            module.register_forward_hook(_let_go, always_call=True)
    return True


def _hold_statistics(module: nn.Module, _: object) -> None:
    """Keep a second run of a block from counting its batch a second time."""
    norm: Any = module
    norm.held = norm.training and in_backward()
    if norm.held:
        norm.momentum, norm.kept_momentum = 0.0, norm.momentum


def _let_go(module: nn.Module, _: object, __: object) -> None:
    norm: Any = module
    if norm.held:
        norm.momentum = norm.kept_momentum
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked.sub_(1)
