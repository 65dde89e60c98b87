"""How far the activations on new data lie from those that a network's BatchNorm layers were trained on."""

from collections.abc import Iterable
from functools import partial

import torch
from torch import Tensor, nn

from groundwork.model import Network, evaluating

Norm = nn.BatchNorm2d


class _Moments:
    """Sum the first two moments of the input of one BatchNorm layer, per channel."""

    def __init__(self, channels: int) -> None:
        self.count = 0
        self.total = torch.zeros(channels, dtype=torch.float64)
        self.square = torch.zeros(channels, dtype=torch.float64)

    def add(self, inputs: Tensor) -> None:
        values = inputs.detach().float()
        self.count += values.numel() // values.shape[1]
        self.total += values.sum((0, 2, 3)).double().cpu()
        self.square += values.square().sum((0, 2, 3)).double().cpu()

    def mean_and_variance(self) -> tuple[Tensor, Tensor]:
        mean = self.total / self.count
        return mean, (self.square / self.count - mean.square()).clamp(min=0)


def gaussian_divergence(
    mean: Tensor, variance: Tensor, stored_mean: Tensor, stored_variance: Tensor
) -> float:
    """Average over channels the divergence KL(N(mean, variance) || N(stored mean, stored variance)), in nats.

    Shapes: (C,) each.
    """
    stored = stored_variance.double().clamp(min=1e-12)
    ratio = (variance.double() / stored).clamp(min=1e-12)
    shift = (mean.double() - stored_mean.double()).square() / stored
    return float((0.5 * (ratio + shift - 1 - ratio.log())).mean())


def activation_distance(network: Network, batches: Iterable[Tensor]) -> list[float | None]:
    """Measure for each stage how far its BatchNorm inputs lie from the stored statistics.

    Args:
        network: On the device of the batches; it is left in the mode that it had.
        batches: Inputs as stored; a few hundred images say enough.

    Returns:
        Mean divergence over the BatchNorm layers of each stage, None for a stage without any.
    """
    owned = [_norms(modules) for modules in network.stem.stage_modules()]
    moments = {norm: _Moments(norm.num_features) for norms in owned for norm in norms}
    hooks = [norm.register_forward_pre_hook(partial(_record, moments[norm])) for norm in moments]
    try:
        with evaluating(network), torch.inference_mode():
            for inputs in batches:
                network.stem(network.normalize(inputs))
    finally:
        for hook in hooks:
            hook.remove()
    return [_mean([_divergence(norm, moments[norm]) for norm in norms]) for norms in owned]


def _norms(modules: list[nn.Module]) -> list[Norm]:
    found = (part for module in modules for part in module.modules())
    return [part for part in found if isinstance(part, Norm) and part.running_mean is not None]


def _record(moments: _Moments, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    moments.add(inputs[0])


def _divergence(norm: Norm, moments: _Moments) -> float:
    assert norm.running_mean is not None  # others were left out
    assert norm.running_var is not None
    mean, variance = moments.mean_and_variance()
    return gaussian_divergence(mean, variance, norm.running_mean.cpu(), norm.running_var.cpu())


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
