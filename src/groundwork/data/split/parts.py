"""Strata, units and fractions -> parts, in whole numbers only, so that every machine agrees."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groundwork.data.split.keys import first_key
from groundwork.data.split.shares import whole_weights

_CANDIDATES = 256  # units looked at per repairing move; enough to find a good one
Counts = NDArray[np.int64]


def draw_parts(
    strata: Counts,
    unit: Counts,
    key: NDArray[np.uint64],
    fractions: Sequence[float],
    *,
    grouped: bool,
    first_wins: bool,
) -> Counts:
    """Give each row a part: every stratum in the same shares, every unit whole.

    Units of several rows are placed first, larger before smaller, where they fit best; single rows
    then fill each stratum to its share, rounded so that the sum of the rounding errors stays small;
    at last units move until each part holds its share to within the largest unit, or without groups
    to within one row per stratum if that is more.

    Args:
        strata: (N,) stratum of each row.
        unit: (N,) unit of each row.
        key: (N,) hash of each row: the order in which rows are dealt.
        fractions: (P,) share of each part.
        grouped: Whether units are groups, or at most duplicates.
        first_wins: Whether a stratum too small for all parts goes to the first part.

    Returns:
        (N,) number of the part.
    """
    drawing = _Drawing(strata, unit, key, fractions, first_wins)
    drawing.place_units()
    drawing.fill_with_rows()
    largest = int(drawing.unit_size.max(initial=1))
    if largest > 1:
        drawing.repair(largest if grouped else max(largest, len(drawing.sizes)))
    return drawing.part


class _Drawing:
    """Keep the counts by stratum and part while rows are dealt."""

    def __init__(
        self,
        strata: Counts,
        unit: Counts,
        key: NDArray[np.uint64],
        fractions: Sequence[float],
        first_wins: bool,
    ):
        self.weights = whole_weights(fractions)
        self.scale = sum(self.weights)
        self.first_wins = first_wins
        self.key = key
        self.strata = np.unique(strata, return_inverse=True)[1]
        self.sizes: list[int] = np.bincount(self.strata).tolist()
        self.unit = np.unique(unit, return_inverse=True)[1]
        self.unit_size = np.bincount(self.unit)
        self.unit_key = first_key(key, self.unit)
        self.part = np.full(len(strata), -1, dtype=np.int64)
        self.held = [[0] * len(self.weights) for _ in self.sizes]
        self.total = [0] * len(self.weights)

    def place_units(self) -> None:
        """Place the units of two rows and more, by size in powers of two, then by hash."""
        chosen = (self.unit_size > 1).nonzero()[0]
        octave = np.array([-int(size).bit_length() for size in self.unit_size[chosen]], dtype=np.int64)
        rows_of = self.rows_by_unit()
        for number in chosen[np.lexsort((self.unit_key[chosen], octave))]:
            rows = rows_of[number]
            counts = self.count(rows)
            parts = [p for p, weight in enumerate(self.weights) if weight > 0]
            self.move(rows, counts, min(parts, key=lambda p: (self.cost(counts, p), p)))

    def fill_with_rows(self) -> None:
        """Deal the single rows: each stratum to its share, the smallest stratum first."""
        single = (self.part < 0).nonzero()[0]
        ordered = single[np.lexsort((self.key[single], self.strata[single]))]
        counts = np.bincount(self.strata[single], minlength=len(self.sizes))
        blocks = np.split(ordered, np.cumsum(counts)[:-1]) if len(counts) else []
        carry = [0] * len(self.weights)
        for stratum in sorted(range(len(self.sizes)), key=lambda c: (self.sizes[c], c)):
            held = self.held[stratum]
            dealt = self.quota(stratum, len(blocks[stratum]), carry)
            self.part[blocks[stratum]] = [p for p, count in enumerate(dealt) for _ in range(count)]
            for p, count in enumerate(dealt):
                held[p] += count
                self.total[p] += count
                carry[p] += self.sizes[stratum] * self.weights[p] - held[p] * self.scale

    def quota(self, stratum: int, num_rows: int, carry: list[int]) -> list[int]:
        """Round what each part still lacks of a stratum to whole rows that sum to `num_rows`."""
        held = self.held[stratum]
        lack = [
            max(0, self.sizes[stratum] * weight - count * self.scale)
            for weight, count in zip(self.weights, held, strict=True)
        ]
        # A part that a large unit has overfilled takes nothing; the others give up their share of it.
        total = max(sum(lack), 1)
        share = [
            value * num_rows * self.scale // total if total > num_rows * self.scale else value
            for value in lack
        ]
        dealt = [value // self.scale for value in share]
        rest = [value - count * self.scale for value, count in zip(share, dealt, strict=True)]
        for _ in range(num_rows - sum(dealt)):
            empty = [held[p] + dealt[p] == 0 for p in range(len(dealt))]
            best = max(
                (p for p, weight in enumerate(self.weights) if weight > 0),
                key=lambda p: (
                    rest[p] > 0,
                    self.first_wins and p == 0 and empty[p],
                    self.first_wins and self.sizes[stratum] > len(dealt) and empty[p],
                    carry[p] + rest[p],
                    -p,
                ),
            )
            dealt[best] += 1
            rest[best] -= self.scale
        return dealt

    def repair(self, slack: int) -> None:
        """Move units from the fullest to the emptiest part while one is off by more than `slack` rows.

        Ends, because no unit is larger than `slack`: each move lowers the sum of squared errors.
        """
        rows_of = self.rows_by_unit()
        while True:
            surplus = self.surplus()
            source, goal = surplus.index(max(surplus)), surplus.index(min(surplus))
            if max(surplus[source], -surplus[goal]) <= slack * self.scale:
                return
            units = np.unique(self.unit[self.part == source])
            units = units[self.unit_key[units].argsort(kind="stable")[:_CANDIDATES]].tolist()
            best = min(units, key=lambda u: (self.exchange(rows_of[u], source, goal), int(self.unit_key[u])))
            self.move(rows_of[best], self.count(rows_of[best]), goal, source)

    def surplus(self) -> list[int]:
        """Tell how many rows each part holds above its share, in billionths."""
        num_rows = len(self.part)
        return [
            total * self.scale - num_rows * weight
            for total, weight in zip(self.total, self.weights, strict=True)
        ]

    def exchange(self, rows: Counts, source: int, goal: int) -> tuple[bool, int]:
        """Price a move: whether it takes a stratum's last row of a part, then the change in cost."""
        counts = self.count(rows)
        empties = any(self.held[c][source] == n for c, n in counts)
        gain = sum(
            n * (self.surplus_of(c, goal) - self.surplus_of(c, source) + n * self.scale) for c, n in counts
        )
        return empties, gain

    def surplus_of(self, stratum: int, p: int) -> int:
        """Tell how many rows of a stratum a part holds above its share, in billionths."""
        return self.held[stratum][p] * self.scale - self.sizes[stratum] * self.weights[p]

    def cost(self, counts: list[tuple[int, int]], p: int) -> int:
        """Price a unit in a part: the growth of the squared errors, relative to the stratum's size."""
        num_rows = len(self.part)
        in_strata = sum(
            n * (n * self.scale + 2 * self.surplus_of(c, p)) * num_rows // self.sizes[c] for c, n in counts
        )
        size = sum(n for _, n in counts)
        return in_strata + size * (
            size * self.scale + 2 * (self.total[p] * self.scale - num_rows * self.weights[p])
        )

    def count(self, rows: Counts) -> list[tuple[int, int]]:
        """Count rows by stratum: (stratum, rows) pairs."""
        values, counts = np.unique(self.strata[rows], return_counts=True)
        return list(zip(values.tolist(), counts.tolist(), strict=True))

    def move(self, rows: Counts, counts: list[tuple[int, int]], goal: int, source: int | None = None) -> None:
        self.part[rows] = goal
        for stratum, count in counts:
            self.held[stratum][goal] += count
            self.total[goal] += count
            if source is not None:
                self.held[stratum][source] -= count
                self.total[source] -= count

    def rows_by_unit(self) -> list[np.ndarray]:
        order = self.unit.argsort(kind="stable")
        return np.split(order, np.cumsum(self.unit_size)[:-1]) if len(order) else []
