"""The order of an epoch and how it is cut into batches for any number of ranks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.data.order import STREAMS, Order, dealt, slices, table_batch_size


def test_the_order_is_a_permutation_that_seed_and_epoch_choose() -> None:
    orders = {
        (seed, epoch): Order(seed).permutation(50, epoch).tolist() for seed in range(3) for epoch in range(3)
    }
    assert all(sorted(order) == list(range(50)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == 9
    assert Order(1).permutation(50, 2).tolist() == orders[1, 2]


def test_the_order_is_the_same_on_every_machine_and_version() -> None:
    # Recorded with numpy 2.4 on Linux; the raw words of Philox are fixed by Salmon et al., SC 2011.
    assert Order(0).permutation(8, 0).tolist() == [0, 2, 1, 5, 4, 3, 6, 7]
    assert Order(-1).permutation(5, 3).tolist() == [3, 2, 0, 1, 4]


def test_a_step_on_a_table_takes_a_sixty_fourth_of_the_rows() -> None:
    assert [table_batch_size(rows) for rows in (0, 300, 3_500, 40_000, 10**6)] == [32, 32, 64, 512, 1024]


def test_orders_favor_no_position() -> None:
    first = [Order(0).permutation(10, epoch)[0] for epoch in range(2000)]
    counts = np.bincount(first, minlength=10)
    # Chi-square with 9 degrees of freedom: 27.9 is exceeded once in a thousand draws, and this one is fixed.
    assert ((counts - 200) ** 2 / 200).sum() < 27.9


COUNTS = st.integers(1, 60)


@settings(deadline=None, max_examples=60)
@given(num_rows=COUNTS, batch_size=st.integers(1, 6), train=st.booleans())
def test_any_number_of_ranks_sees_the_same_global_batches(
    num_rows: int, batch_size: int, train: bool
) -> None:
    rows = np.arange(num_rows) * 10
    batches = {}
    for world in (1, 2, 4):
        ranks = [slices(rows, batch_size * 4 // world, rank, world, train=train) for rank in range(world)]
        assert len({tuple(len(part.rows) for part in own) for own in ranks}) == 1
        batches[world] = [
            np.concatenate([p.rows if p.real is None else p.rows[p.real] for p in parts]).tolist()
            for parts in zip(*ranks, strict=True)
        ]
    assert batches[1] == batches[2] == batches[4]
    seen = [row for batch in batches[1] for row in batch]
    assert seen == rows.tolist()


@pytest.mark.parametrize("num_rows", [5, 8, 9, 11, 17])
@pytest.mark.parametrize("world", [1, 2, 4])
def test_the_mean_over_ranks_stays_the_mean_over_samples(num_rows: int, world: int) -> None:
    loss = np.random.default_rng(0).normal(size=num_rows)
    rows = np.arange(num_rows)
    for number, whole in enumerate(slices(rows, 8, 0, 1, train=True)):
        means = []
        for rank in range(world):
            part = slices(rows, 8 // world, rank, world, train=True)[number]
            weight = np.ones(len(part.rows)) if part.real is None else part.real * part.share
            means.append((loss[part.rows] * weight).mean())
        assert np.mean(means) == pytest.approx(loss[whole.rows].mean())


def test_a_training_batch_is_never_a_single_sample() -> None:
    for num_rows in range(2, 30):
        for world in (1, 2):
            for part in slices(np.arange(num_rows), 4, 0, world, train=True):
                assert len(part.rows) >= 2
    lengths = [len(part.rows) for part in slices(np.arange(9), 4, 0, 1, train=True)]
    assert lengths == [4, 5]


def test_the_last_batch_may_be_short() -> None:
    assert [len(p.rows) for p in slices(np.arange(10), 4, 0, 1, train=True)] == [4, 4, 2]
    assert [len(p.rows) for p in slices(np.arange(3), 4, 0, 1, train=True)] == [3]


def test_padding_of_validation_is_masked() -> None:
    parts = [slices(np.arange(5), 2, rank, 2, train=False) for rank in range(2)]
    assert [[p.rows.tolist() for p in own] for own in parts] == [[[0, 1], [4]], [[2, 3], [4]]]
    assert parts[0][1].real is not None
    assert parts[0][1].real.tolist() == [True]
    assert parts[1][1].real is not None
    assert parts[1][1].real.tolist() == [False]


def test_chunks_are_followed_a_few_at_a_time() -> None:
    chunk = np.repeat(np.arange(400), 25)
    order = Order(0).by_chunks(chunk, 1)
    assert sorted(order) == list(range(len(chunk)))
    assert order.tolist() == Order(0).by_chunks(chunk, 1).tolist() != Order(0).by_chunks(chunk, 2).tolist()
    seen = chunk[order]
    first = {each: np.flatnonzero(seen == each)[0] for each in range(400)}
    last = {each: np.flatnonzero(seen == each)[-1] for each in range(400)}
    opened = [sum(first[each] <= at <= last[each] for each in range(400)) for at in range(0, len(chunk), 500)]
    assert max(opened) <= 2 * STREAMS
    assert len({*seen[:96].tolist()}) > 90  # a batch is mixed
    steps = np.abs(np.diff(order[chunk[order] == 7]))
    assert (steps != 1).mean() > 0.5  # and so is what comes of one chunk


@pytest.mark.parametrize("world", [2, 4, 8, 3])
def test_ranks_meet_few_chunks_of_others(world: int) -> None:
    chunk = np.repeat(np.arange(960), 10)
    order = dealt(Order(3).by_chunks(chunk, 0), 5, world)
    met = [
        {*chunk[np.concatenate([part.rows for part in slices(order, 5, rank, world, train=True)])].tolist()}
        for rank in range(world)
    ]
    assert sum(map(len, met)) <= 960 + STREAMS
    assert sorted(order.tolist()) == list(range(len(chunk)))


def test_chunks_without_samples_and_repeated_samples_are_no_trouble() -> None:
    for chunk in ([], [5], [2, 2, 9, 9, 9], [0] * 200):
        order = Order(1).by_chunks(np.array(chunk, dtype=np.int64), 0)
        assert sorted(order) == list(range(len(chunk)))
