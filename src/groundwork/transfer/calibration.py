"""Measured runs of every scenario on real data sets -> what a scenario will score on a new one."""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.transfer.evidence import Evidence, positive

TRAINED = ("large_similar", "large_different", "scratch")
TABLE = Path(__file__).with_name("calibration.csv")
# Penalties of the regression; leaving one data set out chooses.
STRENGTHS = (0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True)
class Measured:
    """Hold one row of the calibration: what was known before, and what each scenario then reached.

    Attributes:
        data: Name of the data set; its subsets share it.
        known: What a prediction may use, see `known`.
        gain: Scenario -> logarithm of the best probe's error over the scenario's error, both on val.
    """

    data: str
    known: tuple[float, ...]
    gain: dict[str, float]

    def place(self) -> dict[str, Any]:
        """Say in plain types where the data set stands, and whether training the backbone won."""
        return {
            "data": self.data,
            "samples_per_output": 2.0 ** self.known[0],
            "similarity": self.known[1],
            "trained": max(self.gain.values()) > 0,
        }


def known(evidence: Evidence) -> tuple[float, ...]:
    """Choose what a gain is predicted from: size, similarity, and what more data has brought so far."""
    return (math.log2(evidence.samples_per_output), evidence.similarity, evidence.halving)


def gain(evidence: Evidence, score: float) -> float:
    """Say by what factor, as a logarithm, a run errs less than the chosen probe."""
    return math.log(positive(evidence.error) / positive(evidence.perfect - score))


def read_calibration(path: Path = TABLE) -> list[Measured]:
    """Read the table that scripts/benchmarks/advice.py measures."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return [
        Measured(
            row["data"],
            (math.log2(float(row["samples_per_output"])), float(row["similarity"]), float(row["halving"])),
            {name: float(row[f"gain/{name}"]) for name in TRAINED},
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Gain:
    """Hold a predicted gain and the standard deviation of its error on data sets left out."""

    value: float
    deviation: float


def predict_gains(point: Sequence[float], table: Sequence[Measured]) -> dict[str, Gain]:
    """Predict what training would gain over the best probe, for each scenario that trains the backbone.

    A ridge regression on the measured runs; its strength is the one that predicts each data set best
    from the others, and the error of those predictions is the deviation given.

    Args:
        point: See `known`.
        table: Measured runs; leave out the data set that is judged.
    """
    if len({row.data for row in table}) < 2:
        raise ValueError("table must hold two data sets or more, so that one can be left out")
    inputs = np.array([row.known for row in table])
    names = [row.data for row in table]
    gains = {}
    for scenario in TRAINED:
        values = np.array([row.gain[scenario] for row in table])
        errors = {each: _left_out(inputs, values, names, each) for each in STRENGTHS}
        best = min(errors, key=lambda each: errors[each])
        predict = _ridge(inputs, values, best)
        gains[scenario] = Gain(float(predict(np.array([point]))[0]), errors[best])
    return gains


def _left_out(
    inputs: NDArray[np.float64], values: NDArray[np.float64], names: Sequence[str], strength: float
) -> float:
    residuals = []
    for name in sorted(set(names)):
        out = np.array([each == name for each in names])
        predict = _ridge(inputs[~out], values[~out], strength)
        residuals.append(predict(inputs[out]) - values[out])
    return float(np.sqrt(np.mean(np.concatenate(residuals) ** 2)))


def _ridge(
    inputs: NDArray[np.float64], values: NDArray[np.float64], strength: float
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    center, scale = inputs.mean(0), inputs.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    rows, mean = (inputs - center) / scale, values.mean()
    weight = np.linalg.solve(rows.T @ rows + strength * np.eye(rows.shape[1]), rows.T @ (values - mean))
    # A new data set far outside the measured ones is judged as the nearest edge of them.
    low, high = rows.min(0), rows.max(0)
    return lambda new: np.clip((new - center) / scale, low, high) @ weight + mean
