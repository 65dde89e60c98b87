"""Mixtures of images carry the labels of what is seen in them."""

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest
from torch import Tensor

from groundwork.data.augment.mix import Mix, _quantiles


def batch(number: int = 64, size: int = 16) -> tuple[Tensor, Tensor, Tensor]:
    """Make images of one value each, all different, with one class per image."""
    value = torch.arange(number, dtype=torch.float32) / number
    image = value[:, None, None, None].expand(number, 3, size, size + 4)
    return image, torch.eye(number), torch.arange(number) + (7 << 32)


def test_labels_are_probabilities_of_the_image_and_its_mirror_partner() -> None:
    image, target, key = batch()
    _, mixed = Mix(0.8, 1.0, 1.0, 0.5)(image, target, key)
    torch.testing.assert_close(mixed.sum(dim=1), torch.ones(64))
    rows = torch.arange(64)
    torch.testing.assert_close(mixed[rows, rows] + mixed[rows, 63 - rows], torch.ones(64))


def test_what_is_not_mixed_keeps_its_labels_where_the_partner_knows_none() -> None:
    image, target, key = batch()
    target[32:] = torch.nan
    _, kept = Mix(0.8, 1.0, 0.0, 0.5)(image, target, key)
    torch.testing.assert_close(kept, target, equal_nan=True)


def test_mixup_blends_by_the_share_in_the_label() -> None:
    image, target, key = batch()
    mixed, label = Mix(0.8, 0.0, 1.0, 0.5)(image, target, key)
    share = label.diagonal()[:, None, None, None]
    torch.testing.assert_close(mixed, image * share + image.flip(0) * (1 - share))


def test_cutmix_pastes_a_rectangle_of_the_share_in_the_label() -> None:
    image, target, key = batch()
    mixed, label = Mix(0.0, 1.0, 1.0, 0.5)(image, target, key)
    own = mixed == image
    assert (own | (mixed == image.flip(0))).all()
    torch.testing.assert_close(own[:, 0].float().mean(dim=(1, 2)), label.diagonal())
    for row in range(64):
        pasted = (~own[row, 0]).nonzero()
        if len(pasted):
            height, width = (pasted.amax(dim=0) - pasted.amin(dim=0) + 1).tolist()
            assert height * width == len(pasted)


def test_as_many_samples_are_mixed_and_cut_as_asked() -> None:
    image, target, key = batch(2000, size=4)
    _, label = Mix(1.0, 0.0, 0.3, 0.5)(image, target, key)
    assert 520 <= int((label.diagonal() < 1).sum()) <= 680  # mean 600, standard deviation 20
    mixed, label = Mix(1.0, 0.0, 0.0, 0.5)(image, target, key)
    assert torch.equal(mixed, image)
    assert torch.equal(label, target)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_shares_follow_the_beta_distribution(alpha: float) -> None:
    image, target, key = batch(2000, size=2)
    _, label = Mix(alpha, 0.0, 1.0, 0.0)(image, target, key)
    # The pair may be one image twice at no place: 2,000 is even.
    assert kstest(label.diagonal().numpy().astype(float), beta(alpha, alpha).cdf).pvalue > 0.01
    assert _quantiles(alpha)[2048] == pytest.approx(0.5)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_whole_numbers_stay_whole_and_on_their_scale(dtype: torch.dtype) -> None:
    image, target, key = batch()
    top = torch.iinfo(dtype).max
    whole = (image * top).round().to(dtype)
    mixed, label = Mix(0.8, 1.0, 1.0, 0.5)(whole, target, key)
    assert mixed.dtype == dtype
    expected, other = Mix(0.8, 1.0, 1.0, 0.5)(image, target, key)
    assert torch.equal(label, other)
    np.testing.assert_allclose(mixed.float() / top, expected, atol=1.01 / top)


def test_the_share_depends_on_the_key_alone() -> None:
    image, target, key = batch()
    module = Mix(0.8, 0.0, 1.0, 0.0)
    whole = module(image, target, key)[1].diagonal()
    _, part = module(image[10:20], target[10:20], key[10:20])
    torch.testing.assert_close(part[torch.arange(10), torch.arange(10, 20)], whole[10:20])
