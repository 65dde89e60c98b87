from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from groundwork.model import Network, view
from groundwork.transfer import Candidate, StageReader, gather, take_pool

Build = Callable[..., Network]
CPU = torch.device("cpu")
FAMILIES = ["test_resnet", "test_efficientnet", "test_vit", "test_convnext"]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("stages", "pool"), [((-1,), "mean"), ((0, 2), "mean_max"), ((1, 2), "max")])
def test_cached_features_are_what_the_whole_network_feeds_its_head(
    name: str, stages: tuple[int, ...], pool: str, images: Tensor, tiny_network: Build
):
    candidate = Candidate(tuple(stage % 4 for stage in stages), pool)
    whole = tiny_network(candidate.stages, candidate.kinds, name).eval()
    reader = StageReader(whole, images.__getitem__, CPU, torch.float32, 0)
    cached = gather(reader(np.arange(12)), candidate, whole.stem.spatial)
    with torch.no_grad():
        np.testing.assert_allclose(cached, whole.features(images), atol=1e-5)


def test_reading_leaves_mode_and_buffers_alone(images: Tensor, tiny_network: Build):
    whole = tiny_network((0,), ("mean",)).train()
    before = {name: value.clone() for name, value in whole.state_dict().items()}
    StageReader(whole, images.__getitem__, CPU, torch.float32, 0)(np.arange(4))
    assert all(module.training for module in whole.modules())
    assert all(torch.equal(before[name], value) for name, value in whole.state_dict().items())


def test_a_view_is_read_as_if_the_image_were_stored_that_way(images: Tensor, tiny_network: Build):
    whole = tiny_network((0,), ("mean",))
    mirrored = StageReader(whole, lambda rows: images[rows].flip(3), CPU, torch.float32, 0)
    viewed = StageReader(whole, images.__getitem__, CPU, torch.float32, 1)
    for first, second in zip(viewed(np.arange(3)), mirrored(np.arange(3)), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_lower_precision_gives_float32_features_close_to_the_exact_ones(images: Tensor, tiny_network: Build):
    whole = tiny_network((0,), ("mean",))
    exact = StageReader(whole, images.__getitem__, CPU, torch.float32, 0)(np.arange(3))
    lower = StageReader(whole, images.__getitem__, CPU, torch.bfloat16, 0)(np.arange(3))
    for first, second in zip(exact, lower, strict=True):
        assert second.dtype == np.float32
        np.testing.assert_allclose(first, second, atol=0.05 * np.abs(first).max())


def test_pools_are_halves_of_what_is_stored():
    stored = np.arange(8, dtype=np.float32).reshape(2, 4)
    assert take_pool(stored, "mean", spatial=True).tolist() == [[0, 1], [4, 5]]
    assert take_pool(stored, "max", spatial=True).tolist() == [[2, 3], [6, 7]]
    assert take_pool(stored, "mean_max", spatial=True).tolist() == stored.tolist()
    assert take_pool(stored, "mean", spatial=False).tolist() == stored.tolist()


def test_a_batch_that_does_not_fit_is_read_in_halves(
    images: Tensor, tiny_network: Build, monkeypatch: pytest.MonkeyPatch
):
    read, sizes = StageReader._read, []

    def short_of_memory(self: StageReader, rows: np.ndarray) -> list[np.ndarray]:
        sizes.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return read(self, rows)

    network = tiny_network((0,), ("mean",))
    whole = StageReader(network, lambda rows: images[rows], torch.device("cpu"), torch.float32, 0)
    rows = np.arange(len(images))
    expected = whole(rows)
    monkeypatch.setattr(StageReader, "_read", short_of_memory)
    for stage, other in zip(whole(rows), expected, strict=True):
        np.testing.assert_allclose(stage, other, atol=1e-5)
    assert max(sizes[1:]) < len(rows)


def test_the_eight_views_of_a_square_all_differ_and_keep_its_pixels():
    image = torch.arange(9.0).view(1, 1, 3, 3)
    views = [view(image, number) for number in range(8)]
    assert len({tuple(each.flatten().tolist()) for each in views}) == 8
    assert all(sorted(each.flatten().tolist()) == list(range(9)) for each in views)


def test_the_first_views_are_the_image_its_mirror_image_and_both_upside_down():
    image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    expected = [[1, 2, 3, 4], [2, 1, 4, 3], [3, 4, 1, 2], [4, 3, 2, 1]]
    assert [view(image, number).flatten().tolist() for number in range(4)] == expected


def test_a_rectangle_has_four_views():
    with pytest.raises(ValueError, match="square"):
        view(torch.zeros(1, 1, 2, 3), 4)
