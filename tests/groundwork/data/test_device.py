"""Inputs that were brought to a device are those of the source, in any order; what needs a GPU is in tests/gpu."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from groundwork.data.batches import TableSource
from groundwork.data.device import SHARE, Resident, copied_ahead, fits_on

CPU = torch.device("cpu")
ROWS = TableSource(np.random.default_rng(0).normal(size=(40, 3)))


class Images:
    """Ten images of a store, channels last in memory."""

    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (10, 4, 5, 3), dtype=np.uint8))

    def batch(self, rows: NDArray[np.int64]) -> torch.Tensor:
        return self.pixels[torch.from_numpy(rows)].permute(0, 3, 1, 2)


@pytest.mark.parametrize(("source", "wanted"), [(ROWS, [31, 2, 2, 17]), (Images(), [9, 0, 9, 4])])
def test_what_stays_on_a_device_is_what_the_source_gives(source: object, wanted: list[int]) -> None:
    rows = np.array(wanted)
    held = Resident(source, np.array([*wanted, *wanted[::-1]]), CPU)  # type: ignore[arg-type]
    expected = source.batch(rows)  # type: ignore[attr-defined]
    got = held.batch(rows)
    assert torch.equal(got, expected)
    assert got.dtype == expected.dtype
    assert got.stride() == expected.stride()  # channels last, as a store is read
    assert len(held.inputs) == len(set(wanted))


def test_a_row_that_was_not_brought_along_is_refused() -> None:
    with pytest.raises(IndexError):
        Resident(ROWS, np.array([1, 3]), CPU).batch(np.array([2]))


def test_items_come_one_by_one_in_their_order() -> None:
    asked: list[int] = []

    def items():
        for number in range(3):
            asked.append(number)
            yield torch.tensor([number])

    got = copied_ahead(items(), CPU)
    assert next(got).item() == 0
    assert asked == [0]
    assert [each.item() for each in got] == [1, 2]


def test_nothing_stays_where_there_is_no_gpu_or_each_epoch_draws_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = np.arange(40)
    num_bytes = 40 * 3 * 8
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (num_bytes * 3, num_bytes * 4))
    gpu = torch.device("cuda", 0)

    class Views(TableSource):
        def drawn(self, epoch: int) -> TableSource:
            return self

    assert fits_on(ROWS, rows, gpu, SHARE)
    assert not fits_on(ROWS, rows, gpu, SHARE * 0.99)
    assert not fits_on(ROWS, rows[:0], gpu, SHARE)
    assert not fits_on(ROWS, rows, CPU, SHARE)
    assert not fits_on(Views(ROWS.array.numpy()), rows, gpu, SHARE)
