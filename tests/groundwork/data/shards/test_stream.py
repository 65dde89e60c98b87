"""Each sample once, in an order of seed and epoch, on any number of ranks and workers."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch

from groundwork.core.batch import Batch
from groundwork.data import ImageDataModule


def ranked(module: ImageDataModule, rank: int, world: int) -> ImageDataModule:
    module.setup()
    module._rank = lambda: (rank, world)  # type: ignore[method-assign]
    return module


def rows(batches: Iterator[Batch]) -> list[list[int]]:
    return [(each.index if each.mask is None else each.index[each.mask]).tolist() for each in batches]


@pytest.fixture(scope="module")
def modules(shards: Path, tmp_path_factory: pytest.TempPathFactory, of_shards) -> dict[int, ImageDataModule]:
    """By number of workers."""
    cache = tmp_path_factory.mktemp("cache")
    return {workers: ranked(of_shards(shards, cache, num_workers=workers), 0, 1) for workers in (0, 2)}


def epochs(module: ImageDataModule, rank: int, world: int, batch_size: int) -> list[list[list[int]]]:
    """Go through two epochs."""
    ranked(module, rank, world).batch_size = batch_size
    loader = module.apart()
    return [rows(iter(loader)), rows(iter(loader))]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_each_sample_comes_once(modules: dict[int, ImageDataModule], world: int, workers: int) -> None:
    module = modules[workers]
    ranks = [epochs(module, rank, world, 4) for rank in range(world)]
    for seen in zip(*ranks, strict=True):
        assert sorted(chain(*chain(*seen))) == module.rows["train"].tolist()
    watched = [rows(iter(ranked(module, rank, world).ordered("val"))) for rank in range(world)]
    assert sorted(chain(*chain(*watched))) == module.rows["val"].tolist()


def test_each_image_is_that_of_the_folder(
    folder: Path, modules: dict[int, ImageDataModule], tmp_path: Path, of_folder
) -> None:
    stored = of_folder(folder, tmp_path).prepared
    place = {name: row for row, name in enumerate(stored.samples.sample_id)}
    names = modules[0].prepared.samples.sample_id
    for batch in ranked(modules[0], 0, 1).apart():
        expected = stored.source.batch(np.array([place[names[row]] for row in batch.index.tolist()]))
        assert torch.equal(batch.inputs, expected)


def test_the_order_follows_from_seed_and_epoch_alone(
    modules: dict[int, ImageDataModule], shards: Path, tmp_path: Path, of_shards
) -> None:
    first, second = epochs(modules[0], 0, 1, 6)
    assert [first, second] == epochs(modules[2], 0, 1, 6)
    other = epochs(of_shards(shards, tmp_path, seed=1), 0, 1, 6)
    assert len({str(epoch) for epoch in (first, second, *other)}) == 4
    parts = [epochs(modules[0], rank, 3, 2)[0] for rank in range(3)]
    joint = [sorted(chain(*each)) for each in zip(*parts, strict=True)]
    assert joint == [sorted(each) for each in first]  # the global batches are those of one rank


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_goes_on_inside_an_epoch(shards: Path, tmp_path: Path, workers: int, of_shards) -> None:
    module = ranked(of_shards(shards, tmp_path, num_workers=workers, batch_size=4), 1, 2)
    loader = module.train_dataloader()
    list(loader)
    epoch, whole = iter(loader), []
    for _ in range(3):
        whole.append(next(epoch))
    state = module.state_dict()
    whole += epoch
    again = ranked(of_shards(shards, tmp_path, num_workers=2 - workers, batch_size=4), 1, 2)
    again.load_state_dict(state)
    rest = list(again.train_dataloader())
    assert len(rest) == len(whole) - 3 > 0
    for old, new in zip(whole[3:], rest, strict=True):
        assert torch.equal(old.index, new.index)
        assert torch.equal(old.inputs, new.inputs)
