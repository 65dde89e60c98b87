"""A network that reads a table -> how its prediction follows each column, all else equal."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pandas import DataFrame
from torch import Tensor

from groundwork.core.atomic import write_text
from groundwork.core.run_folder import RunFolder
from groundwork.data import TableSource
from groundwork.data.categories import FIRST
from groundwork.data.columns import Column
from groundwork.data.prepared import Prepared
from groundwork.evaluate.figures.importance import most_important, with_column
from groundwork.model import Network

MOST_COLUMNS = 12  # written, those that move the prediction most
MOST_ROWS = 300  # of train, over which a prediction is averaged
NUM_VALUES, MOST_CATEGORIES = 24, 12
MOST_CLASSES = 3  # of a problem with more than two, the most frequent


def write_dependence(folder: RunFolder, network: Network, prepared: Prepared, device: torch.device) -> None:
    """Write `partial_dependence.csv` of a run on a table; nothing where the inputs are images."""
    if prepared.columns is None or not isinstance(prepared.source, TableSource):
        return
    train = prepared.rows["train"]
    rows = train[np.linspace(0, len(train) - 1, min(MOST_ROWS, len(train))).astype(int)]
    inputs = prepared.source.batch(rows).to(device)
    network.to(device).eval()
    outputs = _outputs(prepared)
    whole = prepared.source.array.numpy()[train]
    with torch.inference_mode():
        order = most_important(network, inputs, outputs, MOST_COLUMNS)
        lines = [
            line
            for place in order
            for line in _lines(
                network,
                inputs,
                place,
                prepared.columns.columns[place],
                whole[:, place],
                prepared.names,
                outputs,
            )
        ]
    if lines:
        table = DataFrame(lines, columns=["input", "value", "output", "prediction"])
        write_text(folder.partial_dependence, table.to_csv(index=False, lineterminator="\n"))


def partial_dependence(
    network: Network, inputs: Tensor, place: int, values: Sequence[float]
) -> NDArray[np.float64]:
    """Average the prediction over the rows as one column takes each value.

    f(v) = mean over n of decode(network(row n with column `place` set to v)).

    Args:
        inputs: (N, D) rows as the network reads them.
        place: Of the column.
        values: V values of it.

    Returns:
        (V, K) probabilities or (V, T) values in original units.

    Source:
        Friedman, Annals of Statistics 2001, section 8.2.
    """
    tried = torch.as_tensor(values, dtype=inputs.dtype, device=inputs.device)
    predicted = with_column(network, inputs, place, tried).reshape(len(values), len(inputs), -1)
    return np.asarray(predicted.mean(axis=1))


def grid(column: Column, known: NDArray[np.float64]) -> tuple[list[float], list[Any]]:
    """Choose the values of a column to try, and how each is written.

    Args:
        column: Its statistics.
        known: (N,) its training values: numbers, or codes of categories.
    """
    known = known[np.isfinite(known)]
    if column.kind == "categorical":
        codes, counts = np.unique(known[known >= FIRST].astype(int), return_counts=True)
        kept = np.sort(codes[np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]])
        return kept.astype(float).tolist(), [column.categories[code - FIRST] for code in kept]
    distinct = np.unique(known)
    if len(distinct) > NUM_VALUES:
        # Between the outer hundredths, where there are rows to speak of.
        distinct = np.unique(np.quantile(known, np.linspace(0.01, 0.99, NUM_VALUES)))
    return distinct.tolist(), distinct.tolist()


def _lines(
    network: Network,
    inputs: Tensor,
    place: int,
    column: Column,
    known: NDArray[np.float64],
    names: Sequence[str],
    outputs: Sequence[int],
) -> Iterator[tuple[str, Any, str, float]]:
    values, texts = grid(column, known)
    if len(values) < 2:
        return
    mean = partial_dependence(network, inputs, place, values)
    for output in outputs:
        for text, prediction in zip(texts, mean[:, output], strict=True):
            yield column.name, text, names[output], float(prediction)


def _outputs(prepared: Prepared) -> list[int]:
    """Choose the outputs to write: all targets, the last of two classes, or the most frequent of many."""
    if not prepared.target.classes:
        return list(range(len(prepared.names)))
    if len(prepared.names) == 2:
        return [1]
    counts = prepared.counts("train")
    return [int(number) for number in np.argsort(-counts, kind="stable")[:MOST_CLASSES]]
