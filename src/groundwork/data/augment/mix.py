"""Pairs of images with their labels -> mixtures: MixUp and CutMix with the meaning they have in timm."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import beta
from torch import Tensor, nn

from groundwork.data.augment.draw import uniform

CHOOSE, APPLY, SHARE, CENTER_X, CENTER_Y = range(50, 55)
# Quantiles in the table from which Beta(alpha, alpha) is drawn.
NUM_QUANTILES = 4097


class Mix(nn.Module):
    """Mix each image with its mirror partner in the batch, the last with the first.

    Unlike `timm.data.Mixup` it draws from the samples' keys rather than from global state, on the device of
    the batch; the partner still depends on the batch.

    Shapes: image (B, C, H, W), target (B, K) probabilities, key (B,) int64.

    Args:
        mixup_alpha: Beta(alpha, alpha) of the share in MixUp, arXiv 1710.09412; 0 turns it off.
        cutmix_alpha: The same in CutMix, arXiv 1905.04899.
        prob: Probability that a sample is mixed at all.
        switch_prob: Probability of CutMix where both are on.
    """

    mixup_share: Tensor
    cutmix_share: Tensor

    def __init__(self, mixup_alpha: float, cutmix_alpha: float, prob: float, switch_prob: float):
        super().__init__()
        if mixup_alpha <= 0 and cutmix_alpha <= 0:
            switch_prob, prob = 0.0, 0.0
        self.prob = prob
        self.switch_prob = 0.0 if cutmix_alpha <= 0 else 1.0 if mixup_alpha <= 0 else switch_prob
        self.register_buffer("mixup_share", _quantiles(mixup_alpha), persistent=False)
        self.register_buffer("cutmix_share", _quantiles(cutmix_alpha), persistent=False)

    @torch.no_grad()
    def forward(self, image: Tensor, target: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images and their labels by the same shares."""
        dtype = image.dtype
        image = image.int() if dtype == torch.uint16 else image  # few kernels know uint16
        mixed = uniform(key, APPLY) < self.prob
        cut = uniform(key, CHOOSE) < self.switch_prob
        place = uniform(key, SHARE)
        table = torch.where(cut[:, None], self.cutmix_share, self.mixup_share)
        share = torch.where(mixed, _look_up(table, place), torch.ones_like(place))
        inside, kept = _box(image, share, key)
        share = torch.where(cut & mixed, kept, share)
        weight = share.float()[:, None, None, None]
        blended = image.float() * weight + image.flip(0).float() * (1 - weight)
        blended = blended if image.is_floating_point() else blended.round()
        pasted = torch.where(inside & (cut & mixed)[:, None, None, None], image.flip(0), image)
        image = torch.where(cut[:, None, None, None], pasted, blended.to(image.dtype))
        weight = share.to(target.dtype)[:, None]
        blend = target * weight + target.flip(0) * (1 - weight)
        # What is not mixed keeps what it knows, also where its partner knows nothing (NaN).
        return image.to(dtype), torch.where(weight == 1, target, blend)


def _quantiles(alpha: float) -> Tensor:
    steps = np.linspace(0, 1, NUM_QUANTILES)
    return torch.from_numpy(beta.ppf(steps, alpha, alpha) if alpha > 0 else np.ones_like(steps))


def _look_up(table: Tensor, place: Tensor) -> Tensor:
    """Interpolate (B, Q) quantiles at (B,) places in [0, 1)."""
    position = place * (NUM_QUANTILES - 1)
    below = position.long()
    low, high = table.gather(1, below[:, None])[:, 0], table.gather(1, below[:, None] + 1)[:, 0]
    return low + (high - low) * (position - below)


def _box(image: Tensor, share: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Place a box of area 1 - share, clipped by the rim.

    Returns:
        (B, 1, H, W) True inside the box, and (B,) the share outside of it.
    """
    height, width = image.shape[2:]
    side = (1 - share).sqrt()
    bounds = []
    for length, stream in ((height, CENTER_Y), (width, CENTER_X)):
        half, center = (side * length).floor(), (uniform(key, stream) * length).floor()
        low = (center - (half / 2).floor()).clamp(0, length)
        bounds.append((low, (center + ((half + 1) / 2).floor()).clamp(0, length)))
    (top, bottom), (left, right) = bounds
    y, x = torch.arange(height, device=image.device), torch.arange(width, device=image.device)
    down = (y >= top[:, None]) & (y < bottom[:, None])
    across = (x >= left[:, None]) & (x < right[:, None])
    inside = down[:, None, :, None] & across[:, None, None, :]
    return inside, 1 - (bottom - top) * (right - left) / (height * width)
