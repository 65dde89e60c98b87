"""Modules of other libraries change images as they would by themselves."""

import pytest
import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from groundwork.core.errors import UserError
from groundwork.data.augment.augment import Augment
from groundwork.data.augment.plugged import AnyAugment, as_augment

KEY = torch.arange(4)


class Shift(nn.Module):
    """Add one to every pixel, in place of anything random."""

    def forward(self, image: Tensor) -> Tensor:
        return image + 1


class Keyed(nn.Module):
    """Add the key."""

    def forward(self, image: Tensor, key: Tensor) -> Tensor:
        return image + key[:, None, None, None].to(image.dtype)


@pytest.mark.parametrize("channels", [1, 3, 7])
def test_a_module_sees_the_images_as_they_are_stored(channels: int):
    image = torch.zeros(4, channels, 5, 5, dtype=torch.uint8)
    assert torch.equal(AnyAugment(Shift())(image, KEY), image + 1)
    keyed = AnyAugment(Keyed())
    assert keyed.keyed
    assert keyed(image, KEY)[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_wide_integers_are_handed_on_as_shares_and_come_back():
    image = torch.arange(4 * 9).view(4, 1, 3, 3).to(torch.uint16) * 1000
    assert torch.equal(AnyAugment(nn.Identity())(image, KEY), image)


def test_transforms_that_draw_once_per_call_draw_for_each_image():
    torch.manual_seed(0)
    image = torch.arange(64 * 2, dtype=torch.uint8).view(64, 1, 1, 2)
    changed = AnyAugment(v2.RandomHorizontalFlip(0.5))(image, torch.arange(64))
    flipped = (changed[:, 0, 0, 0] > changed[:, 0, 0, 1]).sum().item()
    assert 16 < flipped < 48
    torch.manual_seed(0)
    expected = torch.stack([v2.RandomHorizontalFlip(0.5)(each) for each in image])
    assert torch.equal(changed, expected)


@pytest.mark.parametrize(
    "transform", [v2.RandAugment(), v2.Compose([v2.RandomErasing(1.0), v2.RandomVerticalFlip()])]
)
def test_transforms_of_torchvision_keep_shape_and_type(transform: nn.Module):
    image = torch.randint(0, 255, (2, 3, 8, 8), dtype=torch.uint8)
    changed = AnyAugment(transform)(image, KEY[:2])
    assert (changed.shape, changed.dtype) == (image.shape, image.dtype)


def test_what_changes_shape_or_type_or_fails_is_refused_in_one_line():
    image = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(
        UserError, match=r"RandomCrop must turn \(2, 3, 8, 8\) torch.uint8 to the same, but gives"
    ):
        AnyAugment(v2.RandomCrop(4))(image, KEY[:2])
    with pytest.raises(UserError, match=r"ToDtype must turn"):
        AnyAugment(v2.ToDtype(torch.float32))(image, KEY[:2])
    with pytest.raises(UserError, match=r"Linear must turn .*, but does not"):
        AnyAugment(nn.Linear(3, 3))(image, KEY[:2])


def test_ours_stays_as_it_is():
    ours = Augment(0.5, 0, (1, 1), (1, 1), 0, 0, 0, 0, 0, 0, 0, None)
    assert as_augment(ours) is ours
    assert isinstance(as_augment(Shift()), AnyAugment)
