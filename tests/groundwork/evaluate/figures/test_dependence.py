"""Partial dependence against laws that are known, and the file that a run on a table leaves."""

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
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start


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
