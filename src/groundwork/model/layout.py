"""A network and a layout of memory -> the layout in which it may train."""

import torch
from torch import nn

LEAST_CHANNELS = 16  # per group, of one vector of AVX-512; 8 on AVX2


def safe_layout(module: nn.Module, memory_format: torch.memory_format) -> torch.memory_format:
    """Keep networks on a CPU from channels last that have a 1 x 1 convolution with a stride over few channels.

    oneDNN writes past the end of its memory there when it computes the gradient of the weights: the process crashes,
    hangs, or goes on with wrong gradients. The stems of FastViT, MobileOne and RepVGG are of this kind.

    Source:
        https://github.com/uxlfoundation/oneDNN/issues/6035, seen with torch 2.15.
    """
    if memory_format != torch.channels_last:
        return memory_format
    return torch.contiguous_format if any(map(_is_at_risk, module.modules())) else memory_format


def _is_at_risk(module: nn.Module) -> bool:
    if not isinstance(module, nn.Conv2d) or module.weight.device.type != "cpu":
        return False
    few = 1 < module.in_channels // module.groups < LEAST_CHANNELS
    return few and module.kernel_size == (1, 1) and max(module.stride) > 1
