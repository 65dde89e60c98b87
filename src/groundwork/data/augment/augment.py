"""A batch of images -> the same images, each changed by chance, at once and on their own device.

What happens to a sample depends on its key alone, and the key on (seed, epoch, sample): neither the other
samples of the batch nor the number of devices matter. Random parameters are computed in float64, so that
the last bits of vectorized functions, which differ with the position in a batch, never reach a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn import functional

from groundwork.core.errors import UserError
from groundwork.data.augment.color import OPERATIONS, adjust
from groundwork.data.augment.draw import uniform
from groundwork.data.augment.mix import Mix

# One stream of random numbers for each decision.
FLIP_X, FLIP_Y, AREA, RATIO, LEFT, TOP, ANGLE = range(7)
ERASE, ERASE_AREA, ERASE_RATIO, ERASE_LEFT, ERASE_TOP = range(10, 15)
COLOR = 20
OPERATION = 30


class Augment(nn.Module):
    """Flip, crop, rotate, recolor and erase.

    Shapes: image (B, C, H, W) uint8, uint16 or float, key (B,) int64; the result is like the image.

    Args:
        horizontal_flip: Probability.
        vertical_flip: Probability.
        scale: Smallest and largest share of the area that a random crop keeps.
        ratio: Narrowest and widest aspect ratio of the crop, width to height.
        rotation: Largest angle in degrees, either way; the rim is filled by reflection.
        brightness: Largest relative change; so are contrast and saturation (of color images).
        num_operations: Random operations per image as in RandAugment, arXiv 1909.13719.
        magnitude: Their strength in [0, 1].
        erase: Probability to cover a rectangle by the image's mean, arXiv 1708.04896.
        mix: Mixes pairs of images and their labels; the task applies it, since it changes the labels.
    """

    def __init__(
        self,
        horizontal_flip: float,
        vertical_flip: float,
        scale: Sequence[float],
        ratio: Sequence[float],
        rotation: float,
        brightness: float,
        contrast: float,
        saturation: float,
        num_operations: int,
        magnitude: float,
        erase: float,
        mix: Mix | None,
    ):
        super().__init__()
        for name, pair in (("scale", scale), ("ratio", ratio)):
            if len(pair) != 2 or not 0 < pair[0] <= pair[1]:
                raise UserError(
                    f"augment.{name} must be [low, high] with 0 < low <= high, but got {pair}. Correct it."
                )
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.scale, self.ratio, self.rotation = tuple(scale), tuple(ratio), rotation
        self.strength = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        self.num_operations, self.magnitude, self.erase, self.mix = num_operations, magnitude, erase, mix

    @property
    def active(self) -> bool:
        """Tell whether any image is changed at all."""
        return (
            self._moves
            or self._recolors
            or self.mix is not None
            or max(self.horizontal_flip, self.vertical_flip, self.erase) > 0
        )

    @property
    def _moves(self) -> bool:
        return self.scale != (1, 1) or self.rotation > 0

    @property
    def _recolors(self) -> bool:
        return any(self.strength.values()) or self.num_operations > 0

    @torch.no_grad()
    def forward(self, image: Tensor, key: Tensor) -> Tensor:
        """Change each image by what its key draws."""
        layout = torch.channels_last if image.stride(1) == 1 else torch.contiguous_format
        # Few kernels know uint16, which int32 holds as well.
        changed = self._flip(image.int() if image.dtype == torch.uint16 else image, key)
        if self._moves or self._recolors or self.erase > 0:
            low, span = _range(image)
            changed = self._rework((changed.float() - low) / span, key).clamp(0, 1) * span + low
            changed = changed if image.is_floating_point() else changed.round_()
        return changed.to(image.dtype).contiguous(memory_format=layout)

    def _flip(self, image: Tensor, key: Tensor) -> Tensor:
        for stream, probability, side in ((FLIP_X, self.horizontal_flip, 3), (FLIP_Y, self.vertical_flip, 2)):
            if probability > 0:
                image = torch.where(_wide(uniform(key, stream) < probability), image.flip(side), image)
        return image

    def _rework(self, image: Tensor, key: Tensor) -> Tensor:
        """Change values in [0, 1]."""
        if self._moves:
            image = self._move(image, key)
        for stream, (name, strength) in enumerate(self.strength.items(), COLOR):
            if strength > 0 and (name != "saturation" or image.shape[1] == 3):
                image = adjust(name, image, _wide(1 + strength * (2 * uniform(key, stream) - 1)).float())
        for stream in range(OPERATION, OPERATION + 2 * self.num_operations, 2):
            image = self._operate(image, uniform(key, stream), uniform(key, stream + 1))
        return self._cover(image, key) if self.erase > 0 else image

    def _move(self, image: Tensor, key: Tensor) -> Tensor:
        """Crop and rotate by one resampling: output position -> position in the image, both in [-1, 1]."""
        _, _, height, width = image.shape
        area = self.scale[0] + (self.scale[1] - self.scale[0]) * uniform(key, AREA)
        ratio = (log(self.ratio[0]) + log(self.ratio[1] / self.ratio[0]) * uniform(key, RATIO)).exp()
        wide = (area * ratio * height / width).sqrt().clamp(max=1)
        high = (area / ratio * width / height).sqrt().clamp(max=1)
        left = (2 * uniform(key, LEFT) - 1) * (1 - wide)
        top = (2 * uniform(key, TOP) - 1) * (1 - high)
        angle = (2 * uniform(key, ANGLE) - 1) * self.rotation * pi / 180
        cos, sin = angle.cos(), angle.sin()
        x = ((torch.arange(width, device=image.device) + 0.5) * 2 / width - 1)[None, None, :]
        y = ((torch.arange(height, device=image.device) + 0.5) * 2 / height - 1)[None, :, None]
        grid = torch.empty(len(image), height, width, 2, device=image.device)
        grid[..., 0] = _plane(wide * cos) * x - _plane(high * sin * height / width) * y + _plane(left)
        grid[..., 1] = _plane(wide * sin * width / height) * x + _plane(high * cos) * y + _plane(top)
        return functional.grid_sample(image, grid, padding_mode="reflection", align_corners=False)

    def _operate(self, image: Tensor, choice: Tensor, strength: Tensor) -> Tensor:
        usable = [name for name in OPERATIONS if name != "saturation" or image.shape[1] == 3]
        chosen = (choice * len(usable)).long()
        image = image.clamp(0, 1)
        for number, name in enumerate(usable):
            rows = (chosen == number).nonzero().flatten()
            if len(rows):
                amount = _wide(self.magnitude * (2 * strength[rows] - 1)).float()
                image = image.index_copy(0, rows, OPERATIONS[name](image[rows], amount))
        return image

    def _cover(self, image: Tensor, key: Tensor) -> Tensor:
        """Cover 2 % to a third of the area, aspect ratio 0.3 to 3.3."""
        _, _, height, width = image.shape
        area = (0.02 + (1 / 3 - 0.02) * uniform(key, ERASE_AREA)) * height * width
        ratio = ((2 * uniform(key, ERASE_RATIO) - 1) * log(3.3)).exp()
        wide, high = (area * ratio).sqrt().clamp(max=width), (area / ratio).sqrt().clamp(max=height)
        left, top = uniform(key, ERASE_LEFT) * (width - wide), uniform(key, ERASE_TOP) * (height - high)
        x, y = torch.arange(width, device=image.device), torch.arange(height, device=image.device)
        across = (x >= left[:, None]) & (x < (left + wide)[:, None])
        down = (y >= top[:, None]) & (y < (top + high)[:, None])
        covered = down[:, None, :, None] & across[:, None, None, :] & _wide(uniform(key, ERASE) < self.erase)
        mean = image.mean(dim=(2, 3), keepdim=True, dtype=torch.float64).float()
        return torch.where(covered, mean, image)


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _plane(values: Tensor) -> Tensor:
    return values.float()[:, None, None]


def _range(image: Tensor) -> tuple[Tensor | float, Tensor | float]:
    """Give the lowest value and the span: of the number type, or for floats of each image itself."""
    if not image.is_floating_point():
        return 0.0, float(torch.iinfo(image.dtype).max)
    low = image.amin(dim=(1, 2, 3), keepdim=True)
    span = image.amax(dim=(1, 2, 3), keepdim=True) - low
    return low, torch.where(span > 0, span, torch.ones_like(span))
