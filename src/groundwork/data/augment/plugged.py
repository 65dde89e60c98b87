"""Any module that changes images -> an augmentation of a run."""

from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn

from groundwork.core.errors import UserError, first_line
from groundwork.data.augment.augment import Augment

ONE_DRAW = ("torchvision.transforms",)  # modules that draw once per call, for all images that they are given


class AnyAugment(nn.Module):
    """Change images by a module that knows nothing of samples.

    Shapes: image (B, C, H, W) uint8 or float; uint16 is handed on as float32 in [0, 1]. The result is like the image.

    Args:
        module: image -> image of the same shape and type, or (image, key (B,) int64) -> image.

    Attributes:
        keyed: Whether what happens to a sample depends on its key alone, as the module takes one.
    """

    active, mix = True, None

    def __init__(self, module: Any):
        super().__init__()
        self.module = module
        self.alone = type(module).__module__.startswith(ONE_DRAW)
        self.keyed = not self.alone and _takes_key(module)

    @torch.no_grad()
    def forward(self, image: Tensor, key: Tensor) -> Tensor:
        """Change the images of a batch."""
        wide = image.dtype == torch.uint16
        given = image.float() / 65535 if wide else image
        try:
            changed = self._changed(given, key)
        except Exception as error:  # of whatever kind the module raises
            raise UserError(f"{self._must(given)}, but does not ({first_line(error)}). Change it.") from error
        if not isinstance(changed, Tensor) or (changed.shape, changed.dtype) != (given.shape, given.dtype):
            found = (
                f"{tuple(changed.shape)} {changed.dtype}" if isinstance(changed, Tensor) else type(changed)
            )
            raise UserError(f"{self._must(given)} to the same, but gives {found}. Change it.")
        return (changed.clamp(0, 1) * 65535).round().to(image.dtype) if wide else changed

    def _changed(self, image: Tensor, key: Tensor) -> Any:
        if self.keyed:
            return self.module(image, key)
        if self.alone:
            return torch.stack([self.module(each) for each in image])
        return self.module(image)

    def _must(self, image: Tensor) -> str:
        return f"augment._target_={type(self.module).__name__} must turn {tuple(image.shape)} {image.dtype}"


def as_augment(module: Any) -> Augment | AnyAugment:
    """Give the augmentation that a module is: ours as it is, any other wrapped."""
    return module if isinstance(module, Augment | AnyAugment) else AnyAugment(module)


def _takes_key(module: Any) -> bool:
    """Tell whether a module must be given a second argument."""
    forward = getattr(module, "forward", module)
    needed = [each for each in signature(forward).parameters.values() if each.default is Parameter.empty]
    return len([each for each in needed if each.kind is Parameter.POSITIONAL_OR_KEYWORD]) == 2
