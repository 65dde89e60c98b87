"""conf/experiment/mine.yaml trains with every part of this package."""

import json
from pathlib import Path

import pandas as pd
import pytest

from groundwork import Run, fit

import project

PARTS = {path.stem for path in Path(project.__file__).parent.glob("[!_]*.py")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    places = [f"paths.{name}={tmp_path_factory.mktemp(name)}" for name in ("runs", "cache")]
    short = [
        "trainer.max_epochs=1",
        "trainer.log_every_n_steps=1",
        "subset=stratified",
        "subset.size=200",
        "metrics.resamples=20",
    ]
    plain = ["trainer=cpu", "execution=plain", "report.write=false", "callbacks.weight_norm.every_n_steps=1"]
    return fit(["experiment=mine", *short, *plain, *places], quiet=True)


def test_every_part_is_used(run: Run):
    config = (run.path / "config.yaml").read_text(encoding="utf-8")
    assert {part for part in PARTS if f"_target_: {project.__name__}.{part}." in config} >= {
        "data", "model", "task", "loss", "metric", "callback",
    }  # fmt: skip


def test_the_metric_stands_in_the_result_and_the_callback_in_the_steps(run: Run):
    assert 0 <= json.loads((run.path / "result.json").read_text(encoding="utf-8"))["val"]["brier"] <= 2
    assert (pd.read_csv(run.path / "steps.csv")["weight_norm"] > 0).all()
