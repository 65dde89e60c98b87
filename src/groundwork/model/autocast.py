"""A network that only evaluates: its backbone in a lower precision where that is faster, its head in float32."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from groundwork.model.network import Network


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Put modules into evaluation mode for a block, and every part of them back into its own mode after it."""
    modes = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            module.eval()
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def autocast_to(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """Let the block compute in `precision`; float32 leaves everything as it is."""
    lower = precision is not torch.float32
    return torch.autocast(device.type, dtype=precision if lower else None, enabled=lower)


def predict_batch(network: Network, inputs: Tensor, precision: torch.dtype) -> Tensor:
    """Predict raw inputs as a head on cached features would: probabilities (B, K), or values (B, T) float64."""
    with autocast_to(inputs.device, precision):
        features = network.view_features(inputs)
    prediction = network.decode(network.combine(features))
    return prediction if prediction.dtype is torch.float64 else prediction.float()
