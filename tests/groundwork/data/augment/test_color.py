"""Color operations equal those of torchvision, which change one image at a time."""

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from groundwork.data.augment.color import OPERATIONS, adjust


def images(number: int) -> Tensor:
    values = torch.randint(0, 256, (number, 3, 12, 15), generator=torch.Generator().manual_seed(0))
    return values / 255


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("brightness", functional.adjust_brightness),
        ("contrast", functional.adjust_contrast),
        ("saturation", functional.adjust_saturation),
    ],
)
def test_colors_change_as_torchvision_changes_them_one_by_one(name: str, reference: object) -> None:
    before = images(5)
    factor = torch.tensor([0.0, 0.5, 1.0, 1.3, 2.0])
    after = adjust(name, before, factor[:, None, None, None])
    for row in range(5):
        expected = reference(before[row], factor[row].item())  # type: ignore[operator]
        torch.testing.assert_close(after[row], expected, atol=1e-5, rtol=0)


def test_sharpness_is_torchvisions_away_from_the_rim() -> None:
    before = images(3)
    for amount in (-0.8, 0.7):
        after = OPERATIONS["sharpness"](before, torch.full((3, 1, 1, 1), amount))
        # torchvision leaves the rim as it is, where this one takes the rim's own values for those outside.
        expected = functional.adjust_sharpness(before, 1 + amount)[:, :, 1:-1, 1:-1]
        torch.testing.assert_close(after[:, :, 1:-1, 1:-1], expected, atol=1e-5, rtol=0)


def test_posterize_and_solarize_are_torchvisions_at_full_strength() -> None:
    unit, full = images(3), torch.ones(3, 1, 1, 1)
    before = (unit * 255).round().to(torch.uint8)
    posterized = (OPERATIONS["posterize"](unit, full) * 255).round().to(torch.uint8)
    assert torch.equal(posterized, functional.posterize(before, 4))
    half = OPERATIONS["solarize"](unit, full / 2)
    torch.testing.assert_close(half, torch.where(unit > 0.5, 1 - unit, unit))
    for operation in OPERATIONS.values():
        assert torch.equal(
            operation(unit, full).clamp(0, 1).isfinite(), torch.ones_like(unit, dtype=torch.bool)
        )


def test_autocontrast_is_torchvisions() -> None:
    before = images(3) * 0.5 + 0.2
    before[1, 2] = 0.3
    after = OPERATIONS["autocontrast"](before, torch.ones(3, 1, 1, 1))
    torch.testing.assert_close(after, functional.autocontrast(before), atol=1e-5, rtol=0)
