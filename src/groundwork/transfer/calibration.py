"""Measured runs of every scenario on real data sets -> what training the backbone would gain on a new one."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TRAINED = ("large_similar", "large_different", "scratch")
# The others are predicted by their mean distance from it: four data sets can't tell three laws apart.
LEAD = "large_different"
TABLE = Path(__file__).with_name("calibration.csv")


@dataclass(frozen=True)
class Measured:
    """Hold one row of the calibration: what was known before, and what each scenario then reached.

    Attributes:
        data: Name of the data set; its subsets share it.
        headroom: See `headroom`.
        gain: Scenario -> its score on val less that of the best probe.
        samples_per_output: Training rows per class.
        similarity: See `Evidence.similarity`.
    """

    data: str
    headroom: float
    gain: dict[str, float]
    samples_per_output: float
    similarity: float

    def place(self) -> dict[str, Any]:
        """Say in plain types where the data set stands, and whether training the backbone won."""
        return {
            "data": self.data,
            "samples_per_output": self.samples_per_output,
            "similarity": self.similarity,
            "trained": max(self.gain.values()) > 0,
        }


def headroom(error: float, num_samples: int) -> float:
    """Weigh the error that the best probe leaves by the rows there are to learn from: error * log2(rows).

    Training can only remove errors that are left, and it needs rows to do so.
    """
    return error * math.log2(num_samples)


def read_calibration(path: Path = TABLE) -> list[Measured]:
    """Read the table that scripts/benchmarks/advice.py measures."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return [
        Measured(
            row["data"],
            headroom(float(row["error"]), int(row["num_samples"])),
            {name: float(row[f"score/{name}"]) - (1 - float(row["error"])) for name in TRAINED},
            float(row["samples_per_output"]),
            float(row["similarity"]),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Gain:
    """Hold a predicted gain and the standard deviation of its error on data sets left out."""

    value: float
    deviation: float


def predict_gains(point: float, table: Sequence[Measured]) -> dict[str, Gain]:
    """Predict what training would gain over the best probe, for each scenario that trains the backbone.

    A straight line through the measured gains by headroom; the deviation is that of lines which were drawn without
    the data set they predict.

    Args:
        point: Headroom of the new data set.
        table: Measured runs; leave out the data set that is judged.
    """
    names = sorted({row.data for row in table})
    if len(names) < 2:
        raise ValueError("table must hold two data sets or more, so that one can be left out")
    value = _Law(table)(point)
    wrong: dict[str, list[float]] = {scenario: [] for scenario in TRAINED}
    for name in names:
        others = _Law([row for row in table if row.data != name])
        for row in (row for row in table if row.data == name):
            for scenario, gain in others(row.headroom).items():
                wrong[scenario].append(gain - row.gain[scenario])
    return {
        scenario: Gain(value[scenario], float(np.sqrt(np.mean(np.square(wrong[scenario])))))
        for scenario in TRAINED
    }


class _Law:
    """Fit gain = slope * headroom + offset by least squares, with one slope for all scenarios."""

    def __init__(self, table: Sequence[Measured]):
        points = np.array([row.headroom for row in table])
        leading = np.array([row.gain[LEAD] for row in table])
        self.center = float(points.mean())
        spread = float(((points - self.center) ** 2).sum())
        self.slope = float((points - self.center) @ leading) / spread if spread > 0 else 0.0
        self.offset = {name: float(np.mean([row.gain[name] for row in table])) for name in TRAINED}

    def __call__(self, point: float) -> dict[str, float]:
        moved = self.slope * (point - self.center)
        return {name: offset + moved for name, offset in self.offset.items()}
