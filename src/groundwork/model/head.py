"""Features -> logits of classes, or values in the units of the targets."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor
from torch.nn import functional

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.model.linear import LinearHead
from groundwork.model.scale import TargetScale

Activation = Literal["none", "softplus", "sigmoid"]
Decision = Literal["value", "round"]


class ClassificationHead(LinearHead):
    """Give one logit per class; the first loss is log K.

    Shapes: features (B, D) float32; logits (B, K) float32.
    """

    def __init__(self, num_features: int, num_classes: int, dropout: float, num_members: int = 1):
        super().__init__(num_features, num_classes, dropout, num_members)

    def average(self, outputs: Tensor) -> Tensor:
        """Give the logarithms of the mean probabilities."""
        return outputs.log_softmax(dim=2).logsumexp(dim=1) - math.log(outputs.shape[1])

    def decode(self, output: Tensor) -> Tensor:
        """Turn logits (B, K) into probabilities that sum to 1."""
        return output.softmax(dim=1)


class MultilabelHead(LinearHead):
    """Give one logit per label; the first loss is log 2.

    Shapes: features (B, D) float32; logits (B, T) float32.
    """

    def __init__(self, num_features: int, num_labels: int, dropout: float, num_members: int = 1):
        super().__init__(num_features, num_labels, dropout, num_members)

    def average(self, outputs: Tensor) -> Tensor:
        """Give the logits of the mean probabilities."""
        one, other = (functional.logsigmoid(each).logsumexp(dim=1) for each in (outputs, -outputs))
        return one - other

    def decode(self, output: Tensor) -> Tensor:
        """Turn logits (B, T) into probabilities, each in [0, 1]."""
        return output.sigmoid()


class RegressionHead(LinearHead):
    """Give one value per target; it starts at the target's center, so the first loss is the scaled variance.

    none:     y = center + scale * z, cut at the bounds where there are some; the loss sees it uncut
    softplus: y = scale * log(1 + exp(z + a)), positive
    sigmoid:  y = low + (high - low) / (1 + exp(-(z + a))), between the bounds
    where z is the linear layer and a makes y the center at z = 0. The head's output is (y - center) / scale.
    Between scaled values and original units it computes in float64: seconds since 1970 have ten digits, float32 seven.

    Args:
        num_features: Width D of the features.
        num_targets: Targets T.
        center: (T,) mean of each target over the training rows, original units.
        scale: (T,) standard deviation, original units, above 0.
        activation: Range of the predictions.
        bounds: (low, high) in original units; "sigmoid" needs them, "softplus" has its own.
        dropout: In [0, 1).
        decision: "round" predicts whole numbers, halves to the even one; the loss sees values either way.
        num_members: Networks side by side in the features, see the attribute.
        target_scale: Another scale on which z is learned, see `fit_target_scale`; None for y itself.
    """

    center: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        num_features: int,
        num_targets: int,
        center: Sequence[float],
        scale: Sequence[float],
        activation: Activation,
        bounds: Sequence[float] | None,
        dropout: float,
        decision: Decision = "value",
        num_members: int = 1,
        target_scale: Mapping[str, Any] | None = None,
    ):
        super().__init__(num_features, num_targets, dropout, num_members)
        check_choice("task.decision", decision, get_args(Decision))
        self.activation, self.decision = activation, decision
        self.target_scale = None if target_scale is None else TargetScale(target_scale)
        self.bounds = _checked_bounds(activation, bounds)
        self.low, self.high = self.bounds or (0.0, 1.0)
        shift = [self._shift(*pair) for pair in zip(center, scale, strict=True)]
        for name, values in (("center", center), ("scale", scale), ("shift", shift)):
            self.register_buffer(name, torch.tensor([float(value) for value in values], dtype=torch.float64))

    def activate(self, output: Tensor) -> Tensor:
        """Give scaled values, float32."""
        if self.activation == "softplus":
            return (functional.softplus(output + self.shift) - self.center / self.scale).float()
        if self.activation == "sigmoid":
            value = self.low + (self.high - self.low) * torch.sigmoid(output + self.shift)
            return ((value - self.center) / self.scale).float()
        return output

    def decode(self, output: Tensor) -> Tensor:
        """Turn scaled values (B, T) into original units, float64."""
        value = self.values(output)
        return value.round() if self.decision == "round" else value

    def values(self, output: Tensor) -> Tensor:
        """Turn scaled values (B, T) into original units, not rounded."""
        if self.target_scale is None:
            value = output.to(self.scale.dtype) * self.scale + self.center
        else:
            value = self.target_scale.inverse(output)
        if self.activation == "none" and self.bounds is not None:
            value = value.clamp(*self.bounds)  # an input unlike all others can lead a linear head anywhere
        return value

    def scale_target(self, target: Tensor) -> Tensor:
        """Turn targets (B, T) in original units into scaled values, float32; NaN stays NaN."""
        if self.target_scale is not None:
            return self.target_scale(target.to(self.scale.dtype)).float()  # type: ignore[no-any-return]
        return ((target - self.center) / self.scale).float()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move to a device; one that knows no float64 (mps) gets float32."""
        if fn(torch.empty(0)).device.type == "mps":
            for module in (self, self.target_scale):
                for name, value in () if module is None else module.named_buffers(recurse=False):
                    setattr(module, name, value.float())
        moved: Self = super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return moved

    def _shift(self, center: float, scale: float) -> float:
        if self.activation == "softplus":
            ratio = center / scale
            # log(exp(x) - 1), which is x itself where exp(x) would overflow
            return ratio + math.log(-math.expm1(-ratio)) if ratio > 0 else 0.0
        if self.activation == "sigmoid":
            share = min(max((center - self.low) / (self.high - self.low), 1e-4), 1 - 1e-4)
            return math.log(share / (1 - share))
        return 0.0


def _checked_bounds(activation: str, bounds: Sequence[float] | None) -> tuple[float, float] | None:
    check_choice("task.activation", activation, get_args(Activation))
    if bounds is None and activation != "sigmoid":
        return None
    if activation == "softplus":
        raise UserError(
            "task.bounds must come with task.activation=none or sigmoid, but got softplus. Drop one."
        )
    if bounds is None or len(bounds) != 2 or not bounds[0] < bounds[1]:
        raise UserError(
            f"task.bounds must be [low, high] for task.activation={activation}, but got {bounds}. Give both."
        )
    return float(bounds[0]), float(bounds[1])
