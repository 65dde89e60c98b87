"""Batches of a split: what is in them, on any rank, from any source."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.data.batches import Batches, Cursor, TableSource, TrainBatches
from groundwork.data.order import slices

TABLE = TableSource(np.arange(20.0).reshape(10, 2))
TARGET = torch.arange(10) % 2


def batches(rank: int = 0, world_size: int = 1, train: bool = False, source: object = TABLE) -> Batches:
    cut = slices(np.arange(10), 4, rank, world_size, train=train)
    return Batches(lambda: source, TARGET, lambda _: cut, move=None)  # type: ignore[arg-type]


def test_a_source_that_works_ahead_is_asked_for_a_whole_epoch_at_once() -> None:
    asked: list[int] = []

    class Ahead(TableSource):
        def batches(self, rows: Sequence[NDArray[np.int64]]) -> Iterator[Tensor]:
            asked.append(len(rows))
            return (self.batch(own) for own in rows)

    ahead = list(batches(source=Ahead(TABLE.array.numpy())))
    assert asked == [3]
    for one, other in zip(ahead, batches(), strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.target, other.target)


def test_padding_on_several_ranks_is_masked_and_weighs_nothing() -> None:
    ranks = [list(batches(rank, 2)) for rank in range(2)]
    assert [len(own) for own in ranks] == [2, 2]
    counted = []
    for own in ranks:
        for batch in own:
            mask = torch.ones(len(batch.index), dtype=torch.bool) if batch.mask is None else batch.mask
            counted += batch.index[mask].tolist()
            if batch.weight is not None:
                assert batch.weight.dtype == torch.float32
                assert torch.equal(batch.weight > 0, mask)
    assert sorted(counted) == list(range(10))


def test_a_table_batch_is_a_copy() -> None:
    batch = next(iter(batches()))
    batch.inputs.zero_()
    assert TABLE.array[1, 0] == 2


def train_batches(cursor: Cursor, limit: float = float("inf")) -> TrainBatches:
    def plan(epoch: int) -> list:
        return slices((np.arange(10) + epoch) % 10, 4, 0, 1, train=True)

    return TrainBatches(lambda: TABLE, TARGET, plan, None, cursor, lambda: limit)


def first_rows(loader: TrainBatches) -> list[int]:
    return [int(batch.index[0]) for batch in loader]


def test_making_an_iterator_early_starts_no_epoch() -> None:
    cursor = Cursor()
    loader = train_batches(cursor)
    waiting = iter(loader)
    assert cursor.state_dict() == {"epoch": -1, "batch": 0}
    next(waiting)
    assert cursor.state_dict() == {"epoch": 0, "batch": 1}


def test_an_epoch_given_up_is_not_continued() -> None:
    loader = train_batches(Cursor())
    next(iter(loader))
    assert first_rows(loader) == [1, 5, 9]


def test_a_restored_epoch_goes_on_unless_it_was_over() -> None:
    for batch, limit, expected in (
        (1, float("inf"), [6, 0]),
        (3, float("inf"), [3, 7, 1]),
        (2, 2.0, [3, 7, 1]),
    ):
        loader = train_batches(Cursor(), limit)
        loader.load_state_dict({"epoch": 2, "batch": batch})
        assert first_rows(loader) == expected
