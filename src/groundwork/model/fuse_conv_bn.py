"""Convolutions, each followed by a BatchNorm -> convolutions alone, for a network that only evaluates."""

from copy import deepcopy
from itertools import chain
from typing import Any

import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.utils.hooks import RemovableHandle

from groundwork.model.network import Network

# Largest difference of a stage, as a share of its largest value, that is taken for rounding.
ROUNDING = 1e-3


def fusing_pays(device: torch.device) -> bool:
    """Tell whether convolutions alone are faster than the pairs.

    On an H100 they were slower, 11,100 to 12,400 images/s of ResNet-50 in bfloat16, and took 1.7 s to be found.
    """
    return device.type == "cpu"


def fuse_conv_bn(network: Network, inputs: Tensor) -> Network:
    """Return a copy in evaluation mode whose convolutions hold the BatchNorm that follows them.

    With weight w and stored statistics, BatchNorm is y = g (w * x - mean) / sqrt(var + eps) + b: another convolution.
    The stages stay what they are up to rounding, a third sooner for networks of depthwise convolutions on a processor.

    Args:
        network: Left as it is.
        inputs: Of the backbone, (B, C, H, W); one image shows which BatchNorm reads which convolution.

    Returns:
        The copy; the network itself where nothing can be folded, or where the copy would compute something else.
    """
    copy = deepcopy(network).eval()
    with torch.no_grad():
        pairs, stages = _trace(copy, inputs)
        for conv, norm in pairs:
            _fold(copy.backbone, conv, norm)
        same = all(
            (ours - theirs).abs().max() <= ROUNDING * theirs.abs().max()
            for ours, theirs in zip(copy.stem(inputs) if pairs else [], stages, strict=bool(pairs))
        )
    return copy if pairs and same else network


def _trace(network: Network, inputs: Tensor) -> tuple[list[tuple[str, str]], list[Tensor]]:
    """Run the backbone once: names of each convolution and the BatchNorm that reads its very output; the stages."""
    made: list[tuple[str, Tensor]] = []  # kept, so that no other tensor takes its identity
    read: list[tuple[str, Tensor]] = []
    handles: list[RemovableHandle] = []
    for name, module in network.backbone.named_modules():
        if isinstance(module, Conv2dSame) or type(module) is nn.Conv2d:
            handles.append(
                module.register_forward_hook(lambda _, __, output, name=name: made.append((name, output)))
            )
        elif type(module) in (nn.BatchNorm2d, BatchNormAct2d) and module.running_mean is not None:
            handles.append(
                module.register_forward_pre_hook(lambda _, args, name=name: read.append((name, args[0])))
            )
    try:
        stages = network.stem(inputs)
    finally:
        for handle in handles:
            handle.remove()
    source = {id(output): name for name, output in made}
    pairs = [(source[id(value)], name) for name, value in read if id(value) in source]
    ran = [name for name, _ in chain(made, read)]  # a module that runs twice is shared; it stays
    return [(conv, norm) for conv, norm in pairs if ran.count(conv) == ran.count(norm) == 1], stages


def _fold(backbone: nn.Module, conv_name: str, norm_name: str) -> None:
    conv: Any = backbone.get_submodule(conv_name)
    norm: Any = backbone.get_submodule(norm_name)
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    # timm's norm ends in an activation; its drop is a pass-through in evaluation mode.
    rest = norm.act if isinstance(norm, BatchNormAct2d) else nn.Identity()
    backbone.set_submodule(norm_name, rest)
