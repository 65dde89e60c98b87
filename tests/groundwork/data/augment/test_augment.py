"""What augmentation does to an image, and that only the sample's key decides it."""

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.data.augment.augment import Augment
from groundwork.data.augment.draw import uniform

AUGMENT = CONF / "augment"
NONE = OmegaConf.to_container(OmegaConf.load(AUGMENT / "none.yaml"))
DTYPES = [torch.uint8, torch.uint16, torch.float32]


def augment(**change: object) -> Augment:
    module = instantiate({**NONE, **change})  # type: ignore[dict-item]
    assert isinstance(module, Augment)
    return module


def named(name: str) -> Augment:
    own = OmegaConf.to_container(OmegaConf.load(AUGMENT / f"{name}.yaml"))
    assert isinstance(own, dict)
    own.pop("defaults", None)
    return augment(**own)  # type: ignore[arg-type]


def images(number: int = 9, channels: int = 3, dtype: torch.dtype = torch.uint8, size: int = 24) -> Tensor:
    values = torch.randint(
        0, 256, (number, size, size + 6, channels), generator=torch.Generator().manual_seed(0)
    )
    scale = {torch.uint8: 1, torch.uint16: 257, torch.float32: 1 / 255}[dtype]
    return (values * scale).to(dtype).permute(0, 3, 1, 2)


def keys(number: int = 9, epoch: int = 0) -> Tensor:
    return torch.arange(number) + (epoch << 32)


@pytest.mark.parametrize("name", ["none", "light", "strong"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_an_image_keeps_its_form_and_the_input_its_values(
    name: str, dtype: torch.dtype, channels: int
) -> None:
    before = images(channels=channels, dtype=dtype)
    copy = before.clone()
    after = named(name)(before, keys())
    assert (after.shape, after.dtype) == (before.shape, dtype)
    assert after.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(before, copy)
    assert torch.equal(after, before) == (name == "none")


@pytest.mark.parametrize("dtype", DTYPES)
def test_other_samples_of_the_batch_and_their_order_do_not_matter(dtype: torch.dtype) -> None:
    module, before, key = named("strong"), images(33, dtype=dtype), keys(33)
    whole = module(before, key)
    rows = torch.randperm(33, generator=torch.Generator().manual_seed(1))
    for part in (rows, rows[:7], rows[7:8]):
        assert torch.equal(module(before[part], key[part]), whole[part])


def test_another_epoch_gives_another_image_and_the_same_epoch_the_same() -> None:
    module, before = named("light"), images()
    first = module(before, keys())
    assert torch.equal(module(before, keys()), first)
    assert not (module(before, keys(epoch=1)) == first).flatten(1).all(dim=1).any()


def test_only_what_changes_an_image_counts_as_active() -> None:
    assert not named("none").active
    assert named("light").active
    assert augment(erase=0.1).active
    assert augment(rotation=5.0).active


@pytest.mark.parametrize(("name", "side"), [("horizontal_flip", 3), ("vertical_flip", 2)])
def test_a_flip_is_exact_and_as_frequent_as_asked(name: str, side: int) -> None:
    before = images(400, size=4)
    after = augment(**{name: 0.25})(before, keys(400))
    flipped = (after == before.flip(side)).flatten(1).all(dim=1)
    assert (flipped | (after == before).flatten(1).all(dim=1)).all()
    assert 70 <= int(flipped.sum()) <= 130  # mean 100, standard deviation 8.7


def test_a_crop_is_what_pillow_cuts_out() -> None:
    ramp = np.add.outer(np.arange(64) * 2, np.arange(64)).astype(np.float32)[None, None]
    before = torch.from_numpy(ramp / 255).expand(6, -1, -1, -1)
    after = augment(scale=[0.25, 0.25])(before, keys(6))
    left, top = ((uniform(keys(6), stream) * 32).tolist() for stream in (4, 5))
    for row in range(6):
        box = (left[row], top[row], left[row] + 32, top[row] + 32)
        plane = Image.fromarray(ramp[0, 0] / 255)
        expected = np.asarray(plane.resize((64, 64), Image.Resampling.BILINEAR, box))
        np.testing.assert_allclose(after[row, 0, 2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-5)


def test_a_crop_keeps_the_area_and_aspect_ratio_it_was_asked_for() -> None:
    y, x = torch.meshgrid(torch.arange(200.0), torch.arange(300.0), indexing="ij")
    before = torch.stack([x / 300, y / 300]).expand(64, -1, -1, -1)
    after = augment(scale=[0.2, 0.4], ratio=[0.8, 1.25])(before, keys(64)) * 300
    wide, high = ((after[:, c].amax(dim=(1, 2)) - after[:, c].amin(dim=(1, 2))) for c in (0, 1))
    area = wide * high / (200 * 300)
    assert 0.18 < area.min() < 0.23
    assert 0.36 < area.max() < 0.42
    assert 0.78 < (wide / high).min() < 0.85
    assert 1.17 < (wide / high).max() < 1.3


def test_a_rotation_by_a_right_angle_is_exact() -> None:
    before = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    share = 2 * uniform(keys(1), 6).item() - 1
    after = augment(rotation=90 / abs(share))(before, keys(1))
    expected = torch.rot90(before, 1 if share > 0 else -1, (2, 3))
    torch.testing.assert_close(after, expected, atol=1e-4, rtol=0)


def test_erasing_covers_a_rectangle_by_the_mean_of_the_image() -> None:
    before = images(60, size=30)
    after = augment(erase=0.5)(before, keys(60))
    changed = (after != before).any(dim=1)
    touched = changed.flatten(1).any(dim=1)
    assert 18 <= int(touched.sum()) <= 42  # mean 30, standard deviation 3.9
    for row in touched.nonzero().flatten().tolist():
        y, x = changed[row].nonzero(as_tuple=True)
        box = after[row, :, int(y.min()) : int(y.max()) + 1, int(x.min()) : int(x.max()) + 1]
        mean = before[row].float().mean(dim=(1, 2)).round()
        assert (box == mean[:, None, None]).all()
        assert 0.01 < box[0].numel() / before[row, 0].numel() < 0.36


def test_floats_of_any_range_stay_within_their_own() -> None:
    before = images(dtype=torch.float32) * 4000 - 1000
    after = named("strong")(before, keys())
    assert (after.amin(dim=(1, 2, 3)) >= before.amin(dim=(1, 2, 3)) - 1e-2).all()
    assert (after.amax(dim=(1, 2, 3)) <= before.amax(dim=(1, 2, 3)) + 1e-2).all()
    constant = torch.full((2, 1, 8, 8), 7.5)
    assert torch.equal(named("light")(constant, keys(2)), constant)


def test_a_range_that_makes_no_sense_is_the_users_error() -> None:
    with pytest.raises(UserError, match=r"augment.scale must be \[low, high\]"):
        Augment(**{k: v for k, v in {**NONE, "scale": [1.0, 0.5]}.items() if k != "_target_"})  # type: ignore
