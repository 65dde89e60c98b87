"""Color operations on a batch of images in [0, 1], each image with a strength of its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.v2.functional import rgb_to_grayscale


def adjust(name: str, image: Tensor, factor: Tensor) -> Tensor:
    """Blend images (B, C, H, W) with a paler version; factor (B, 1, 1, 1), 1 changes nothing."""
    return torch.lerp(_PALE[name](image), image, factor).clamp_(0, 1)


def _mean_grey(image: Tensor) -> Tensor:
    grey = rgb_to_grayscale(image) if image.shape[1] == 3 else image
    return grey.mean(dim=(1, 2, 3), keepdim=True, dtype=torch.float64).float()


def _blurred(image: Tensor) -> Tensor:
    """Smooth by the 3 x 3 kernel of Pillow and torchvision: 5 in the middle, 1 around, over 13."""
    _, _, height, width = image.shape
    rim = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    # Sums of shifted copies rather than a convolution, whose rounding depends on the batch size.
    around = [rim[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return (sum(around, start=4 * image)) / 13


_PALE: dict[str, Callable[[Tensor], Tensor]] = {
    "brightness": lambda image: image.new_zeros(1),
    "contrast": _mean_grey,
    "saturation": rgb_to_grayscale,
    "sharpness": _blurred,
}


def _blend(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda image, amount: adjust(name, image, 1 + amount)


def _stretched(image: Tensor) -> Tensor:
    """Stretch each channel to [0, 1]; torchvision's own knows 1 and 3 channels only."""
    low, high = image.amin(dim=(2, 3), keepdim=True), image.amax(dim=(2, 3), keepdim=True)
    return torch.where(high > low, (image - low) / (high - low).clamp(min=1e-12), image)


def _posterize(image: Tensor, amount: Tensor) -> Tensor:
    """Keep 8 bits at strength 0, 4 bits at 1."""
    levels = (2 ** (8 - 4 * amount.abs())).round()
    return ((image * 255 / (256 / levels)).floor() * (256 / levels) / 255).clamp(0, 1)


def _solarize(image: Tensor, amount: Tensor) -> Tensor:
    """Invert what is brighter than a threshold, which sinks with the strength."""
    return torch.where(image > 1 - amount.abs(), 1 - image, image)


# Image (B, C, H, W) and strength (B, 1, 1, 1) in [-1, 1] -> image.
OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "identity": lambda image, amount: image,
    "autocontrast": lambda image, amount: _stretched(image),
    "brightness": _blend("brightness"),
    "contrast": _blend("contrast"),
    "saturation": _blend("saturation"),
    "sharpness": _blend("sharpness"),
    "posterize": _posterize,
    "solarize": _solarize,
}
