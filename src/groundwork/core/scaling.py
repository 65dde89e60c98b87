"""What networks that normalize and data modules that do it for them compute alike."""

import torch
from torch import Tensor

INTEGER_RANGE = {torch.uint8: 255.0, torch.uint16: 65535.0}  # of an image, which becomes [0, 1]


def piecewise_linear(values: Tensor, knots: Tensor, heights: Tensor) -> Tensor:
    """Interpolate between knots, and stay at the outer heights beyond them.

    f(x) = h_0 + sum_i (h_i+1 - h_i) clip((x - x_i) / (x_i+1 - x_i), 0, 1). A knot that repeats the one before adds
    nothing, so that rows of knots may be filled up to one length.

    Args:
        values: (..., D)
        knots: (D, Q), each row ascending.
        heights: (D, Q)

    Returns:
        (..., D)
    """
    width, rise = knots.diff(dim=-1), heights.diff(dim=-1)
    slope = torch.where(width > 0, rise / torch.where(width > 0, width, 1.0), 0.0)
    inside = (values[..., None] - knots[:, :-1]).clamp(min=0.0).minimum(width)
    return heights[:, 0] + (inside * slope).sum(dim=-1)
