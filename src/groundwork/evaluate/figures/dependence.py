"""A network that reads a table -> how its prediction follows each column, all else equal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pandas import DataFrame
from torch import Tensor, nn

from groundwork.core.atomic import write_text
from groundwork.core.batch import Split
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


class BesideImages(nn.Module):
    """Predict by the columns of some samples while each keeps the features of its image.

    Args:
        network: That reads both.
        features: (N, D) what its head reads of the images.
    """

    def __init__(self, network: Network, features: Tensor):
        super().__init__()
        self.network, self.features = network, features
        self.decode = network.decode

    def forward(self, rows: Tensor) -> Tensor:
        """Compute outputs of rows (B, 1 + columns), of which the last says whose image it is."""
        beside = self.network.columns(rows[:, :-1])
        output: Tensor = self.network.head(torch.cat([self.features[rows[:, -1].long()], beside], dim=1))
        return output


def write_dependence(
    folder: RunFolder,
    network: Network,
    prepared: Prepared,
    device: torch.device,
    cached: Mapping[Split, NDArray[np.float32]] | None = None,
) -> None:
    """Write `partial_dependence.csv` of a run on columns; nothing where images are all that it reads.

    Args:
        cached: What the head reads, of images and columns; without it columns beside images are left out.
    """
    source = prepared.table or prepared.source
    if prepared.columns is None or not isinstance(source, TableSource):
        return
    if prepared.table is not None and cached is None:
        return
    train = prepared.rows["train"]
    places = np.linspace(0, len(train) - 1, min(MOST_ROWS, len(train))).astype(int)
    inputs = source.batch(train[places]).to(device)
    network.to(device).eval()
    outputs = _outputs(prepared)
    whole = source.array.numpy()[train]
    if prepared.table is not None and cached is not None:
        width = cached["train"].shape[1] - network.columns.num_features
        features = torch.from_numpy(cached["train"][places, :width]).to(device)
        network = cast(Network, BesideImages(network, features))
        inputs = torch.cat([inputs, torch.arange(len(inputs)).to(inputs)[:, None]], dim=1)
    with torch.inference_mode():
        order = most_important(network, inputs, outputs, MOST_COLUMNS + 1)
        order = [place for place in order if place < len(prepared.columns.columns)][:MOST_COLUMNS]
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
