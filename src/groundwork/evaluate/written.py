"""Predictions of new samples -> a table of decisions, and a line for each sample that could not be read."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from groundwork.core.console import Console
from groundwork.core.errors import DONE, FAILED, UserError
from groundwork.data import Source
from groundwork.data.formats.source import write_frame
from groundwork.evaluate.measure import decided_table
from groundwork.train.metrics import Metrics

NOT_FINITE = "its prediction is no finite number: an input is too large, or not a number"


def write_predicted(
    sample_id: Series,
    bad: Mapping[int, str],
    prediction: NDArray[np.floating],
    metrics: Metrics,
    target: Mapping[str, Any],
    keys: Mapping[str, str],
    output: Source,
    console: Console,
    columns: Mapping[str, Any] | None = None,
) -> int:
    """Decide, write the table of all samples that could be predicted, name all others, and give the exit status.

    Args:
        bad: Number of a sample that could not be read -> the reason.
        columns: More columns of the samples that could be read.
    """
    read = readable(sample_id, bad, keys["input"])
    table = decided_table(sample_id.iloc[read], prediction[read], metrics, target["classes"], target["names"])
    table = table.assign(**(columns or {}))
    # Of no number every comparison is false, so that its decision would be the first class.
    finite = np.isfinite(prediction.reshape(len(sample_id), -1)).all(axis=1)
    bad = {**{int(row): NOT_FINITE for row in read[~finite[read]]}, **bad}
    good = readable(sample_id, bad, keys["input"])
    _write(table[finite[read]], output)
    console.say(f"{len(good):,} of {len(sample_id):,} samples predicted: {output}")
    for row, reason in sorted(bad.items()):
        print(f"not predicted: {sample_id.iloc[row]} ({reason})", file=sys.stderr)
    return FAILED if bad else DONE


def readable(sample_id: Series, bad: Mapping[int, str], where: str) -> NDArray[np.int64]:
    """Give the rows that could be read, of which there must be one."""
    good = np.array([row for row in range(len(sample_id)) if row not in bad], dtype=np.int64)
    if not len(good):
        row, reason = min(bad.items())
        raise UserError(
            f"input must hold samples that the run can predict, but {where} holds none: {sample_id.iloc[row]} "
            f"({reason}). Check them."
        )
    return good


def _write(table: DataFrame, output: Source) -> None:
    try:
        write_frame(table, output)
    except OSError as error:
        raise UserError(
            f"output={output} must be a file one can write, but: {error}. Name another."
        ) from error
