"""predict.py serves gradient boosting of a run where that was asked for, with its own threshold and temperature."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.launch.commands import predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start


def train(place: Path, frame: pd.DataFrame, *words: str) -> RunFolder:
    frame.to_csv(place / "rows.csv", index=False)
    own = [
        "data=table",
        f"data.table={place / 'rows.csv'}",
        "data.target=y",
        "trainer=cpu",
        "trainer.max_epochs=1",
    ]
    own += ["metrics.resamples=20", "report.write=false", f"paths.runs={place / 'runs'}"]
    assert start(compose_run([*own, *words])) == 0
    return RunFolder.find("latest", place / "runs")


def served(run: RunFolder, place: Path) -> pd.DataFrame:
    """Predict the run's own table, and keep the rows of val in their order."""
    words = [f"run={run.path}", f"input={place / 'rows.csv'}", f"output={place / 'out.csv'}"]
    assert predict([*words, "serve=gradient_boosting"]) == 0
    val = pd.read_parquet(run.predictions("val"))
    return (
        pd.read_csv(place / "out.csv")
        .set_index("sample_id")
        .loc[val["sample_id"]]
        .assign(target=val["target"].to_numpy())
    )


def table(rows: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=rows), "c": rng.choice(list("abcd"), rows)})
    return frame.assign(y=frame["x"] ** 2 + 3 * (frame["c"] == "a") + 0.1 * rng.normal(size=rows))


def test_values_are_those_that_measured_the_baseline(tmp_path: Path):
    run = train(tmp_path, table(), "task=regression")
    found, result = served(run, tmp_path), run.read_json("result")
    error = np.sqrt(np.mean((found["prediction"] - found["target"]) ** 2))
    assert error == pytest.approx(result["baselines"]["gradient_boosting"]["rmse"], rel=1e-6)
    assert result["boosting"] == {"threshold": None}


def test_decisions_are_by_its_own_threshold_and_temperature(tmp_path: Path):
    frame = table(400)
    frame["y"] = np.where(frame["y"] > 2, "high", "low")
    words = ("task=classification", "metrics.threshold=auto", "predict.calibrate=temperature")
    run = train(tmp_path, frame, *words, "metrics.positive=high")
    found, told = served(run, tmp_path), run.read_json("result")
    own = told["boosting"]
    assert own["threshold"] is not None
    assert own["temperature"] != 1
    assert (found["prediction"] == "high").tolist() == (found["prob/high"] >= own["threshold"]).tolist()
    loss = -np.log(np.where(found["target"] == "high", found["prob/high"], found["prob/low"])).mean()
    assert loss == pytest.approx(told["baselines"]["gradient_boosting"]["log_loss"], rel=1e-4)


def test_what_cannot_be_served_is_refused_in_one_line(tmp_path: Path):
    run = train(tmp_path, table(60), "task=regression")
    words = [f"run={run.path}", f"input={tmp_path / 'rows.csv'}", f"output={tmp_path / 'out.csv'}"]
    with pytest.raises(UserError, match="serve must be one of network, gradient_boosting, but got forest"):
        predict([*words, "serve=forest"])
    with pytest.raises(UserError, match="serve= must go with run="):
        predict([f"runs={run.path}", *words[1:], "serve=gradient_boosting"])
    run.boosting.write_bytes(run.boosting.read_bytes()[:100])
    with pytest.raises(UserError, match="must hold what a run of this project wrote"):
        predict([*words, "serve=gradient_boosting"])
    run.boosting.unlink()
    with pytest.raises(UserError, match="must go with a run on a table that fitted it"):
        predict([*words, "serve=gradient_boosting"])
