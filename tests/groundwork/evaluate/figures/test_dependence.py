"""Partial dependence against laws that are known, and the file that a run on a table leaves."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from groundwork.core.run_folder import RunFolder
from groundwork.data.columns import Column
from groundwork.evaluate.figures.dependence import grid, partial_dependence
from groundwork.evaluate.figures.importance import most_important, screen
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.model import (
    MLP,
    ClassificationHead,
    Network,
    PeriodicNumbers,
    StagePool,
    TableNormalize,
    TabM,
)


class Law(nn.Module):
    """3 a + a b, in two outputs."""

    def forward(self, rows: Tensor) -> Tensor:
        a, b = rows[:, 0], rows[:, 1]
        return torch.stack([3 * a + a * b, -a], dim=1)

    def decode(self, output: Tensor) -> Tensor:
        return output


def test_the_mean_prediction_follows_the_law():
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(rng.normal(size=(5000, 2)))  # more than one block
    law: Any = Law()
    found = partial_dependence(law, rows, 0, [-1.0, 0.0, 2.0])
    expected = np.array([-1.0, 0.0, 2.0]) * (3 + rows[:, 1].mean().item())
    assert found[:, 0] == pytest.approx(expected)
    assert found[:, 1] == pytest.approx([1.0, 0.0, -2.0])


COLUMNS = [
    Column(f"n{i}", "numeric", 0.0, i % 3 == 0, 0.1 * i, 1.0 + i, (), knots=(-9.0, 0.0, i + 9.0))
    for i in range(90)
] + [Column(f"c{i}", "categorical", 0.0, False, 0.0, 1.0, ("a", "b"), (0, 0, 3, 1)) for i in range(10)]


def wide_network(hidden: list[int], norm: Any, numbers: Any) -> tuple[Network, Tensor]:
    torch.manual_seed(0)
    normalize = TableNormalize({one.name: asdict(one) for one in COLUMNS})
    told = normalize.num_numeric, normalize.cardinalities
    backbone = (
        TabM(*told, normalize.bins, 60, 3, hidden[0], len(hidden), 0.3, numbers, 4, 0.1, 8, 2)
        if isinstance(numbers, str)
        else MLP(*told, numbers, hidden, "gelu", norm, 0.3, 8, "default")
    )
    backbone.show_counts(normalize.counts)
    head = ClassificationHead(backbone.channels[-1], 3, 0.1, getattr(backbone, "num_members", 1))
    torch.nn.init.normal_(head.linear.weight)
    network = Network(normalize, backbone, StagePool((backbone.num_stages - 1,), ("mean",)), head)
    rng = np.random.default_rng(0)
    rows = np.hstack([rng.normal(5, 20, (60, 90)), rng.integers(0, 4, (60, 10))])
    rows[::7, 3] = np.nan
    return network.eval(), torch.from_numpy(rows)


@pytest.mark.parametrize(
    ("hidden", "norm", "numbers"),
    [
        ([16], "none", None),
        ([16, 8], "batch", None),
        ([16, 8], "layer", None),
        ([8], "none", partial(PeriodicNumbers, num_frequencies=3, frequency_scale=0.5, width=4)),
        ([8], "none", "piecewise_linear"),
        ([8, 8], "none", "plain"),
        ([], "none", None),
    ],
)
def test_columns_of_a_wide_table_are_ordered_as_one_by_one(hidden: list[int], norm: Any, numbers: Any):
    network, rows = wide_network(hidden, norm, numbers)
    with torch.inference_mode():
        as_is = network.decode(network(rows)).double()[:, [0, 2]]
        turned, moved = torch.roll(rows, 30, dims=0), []
        for place in range(100):
            other = rows.clone()
            other[:, place] = turned[:, place]
            apart = (network.decode(network(other)).double()[:, [0, 2]] - as_is).abs() / as_is.std(
                0, correction=0
            )
            moved.append(float(apart.mean()))
        assert (
            most_important(network, rows, [0, 2], 12)
            == np.argsort(-np.array(moved), kind="stable")[:12].tolist()
        )
        rough = screen(network, rows, turned, [0, 2])
        assert (rough is None) == (hidden == [])
        if rough is not None:
            assert rough == pytest.approx(np.array(moved), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("place", [0, 3, 4, 89, 90, 99])  # with and without an indicator, and a category
@pytest.mark.parametrize(("hidden", "numbers"), [([16], None), ([16], "periodic"), ([], None)])
def test_a_column_is_set_without_running_all_others_again(place: int, hidden: list[int], numbers: Any):
    network, rows = wide_network(hidden, "none", numbers)
    values = [2.0, 3.0] if place >= 90 else [-1.0, 0.5, 40.0]
    tried = rows.repeat(len(values), 1)
    tried[:, place] = torch.tensor(values, dtype=rows.dtype).repeat_interleave(len(rows))
    with torch.inference_mode():
        expected = (
            network.decode(network(tried)).double().reshape(len(values), len(rows), -1).numpy().mean(axis=1)
        )
        assert partial_dependence(network, rows, place, values) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_many_numbers_become_quantiles_and_categories_keep_their_names():
    number = Column("size", "numeric", 0.0, False, 0.0, 1.0, ())
    values, texts = grid(number, np.append(np.arange(1000.0), np.nan))
    assert values == texts
    assert len(values) == 24
    assert 5 < values[0] < values[-1] < 995
    assert grid(number, np.array([2.0, 1.0, 2.0]))[0] == [1.0, 2.0]
    color = Column("color", "categorical", 0.0, False, 0.0, 1.0, ("blue", "red"))
    assert grid(color, np.array([0.0, 1.0, 3.0, 2.0, 3.0])) == ([2.0, 3.0], ["blue", "red"])


def test_a_run_on_a_table_writes_what_moves_its_prediction(tmp_path: Path, table: Path):
    words = [
        "data=table",
        f"data.table={table}",
        "data.target=price",
        "data.drop=[dear,weight]",
        "task=regression",
    ]
    places = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}", "metrics.resamples=20"]
    fit = ["trainer=cpu", "trainer.max_epochs=40", "optim.lr=1e-2"]
    assert start(compose_run([*words, *places, *fit])) == 0
    folder = RunFolder.find("latest", tmp_path / "runs")
    found = pd.read_csv(folder.path / "partial_dependence.csv")
    assert found.columns.tolist() == ["input", "value", "output", "prediction"]
    assert set(found["output"]) == {"price"}
    size = found[found["input"] == "size"].astype({"value": float})
    slope = np.polyfit(size["value"], size["prediction"], 1)[0]
    assert slope == pytest.approx(3, rel=0.5)  # price = 3 size + 20 (red) + noise; flat beyond the rows
    color = found[found["input"] == "color"].set_index("value")["prediction"]
    assert color["red"] - color["blue"] == pytest.approx(20, rel=0.5)
    assert (folder.path / "figures" / "partial_dependence.png").is_file()
    seconds = folder.read_json("result")["seconds"]  # of the whole: reading is in `data`, drawing in `report`
    assert seconds["total"] >= seconds["data"] + seconds["fit"] + seconds["report"] > seconds["report"] > 0
