"""A whole run of quantiles: what is written, measured, promised, predicted, sealed and exported."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_pinball_loss

from groundwork.core.predictions import read_predictions
from groundwork.evaluate.compare.finished import read_runs
from groundwork.evaluate.compare.paired import compare_all
from groundwork.evaluate.compare.predicted import read_predicted
from groundwork.evaluate.run import Run
from groundwork.launch.api import fit
from groundwork.launch.commands import evaluate, export, predict

LEVELS = {"price_q05": 0.05, "prediction/price": 0.5, "price_q95": 0.95}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    place, rng = tmp_path_factory.mktemp("quantile"), np.random.default_rng(0)
    size, kind = rng.random(400), rng.choice(["a", "b"], 400)
    price = np.exp(size + (kind == "a") + (0.1 + 0.4 * size) * rng.normal(size=400))
    frame = pd.DataFrame(
        {"size": size, "kind": kind, "price": price, "weight": 10 + 10 * size + rng.normal(size=400)}
    )
    frame.to_csv(place / "rows.csv", index=False)
    return [
        "data=table", f"data.table={place / 'rows.csv'}", "data.target=[price,weight]", "task=regression", "model=mlp",
        "trainer=cpu", "execution=plain", "metrics.resamples=20", "trainer.max_epochs=6", "optim.lr=0.01",
        "report.write=false", f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def run(words: list[str]) -> Run:
    own = [
        "loss=quantile",
        "monitor=pinball_loss",
        "predict.conformal=0.8",
        "task.target_scale=log",
        "name=quantiles",
    ]
    return fit([*words, *own])


def test_the_result_measures_what_the_table_of_val_holds(run: Run):
    table, val = run.predictions("val"), run.result["val"]
    losses = [
        mean_pinball_loss(table["target/price"], table[name], alpha=level) for name, level in LEVELS.items()
    ]
    assert val["pinball_loss/price"] == pytest.approx(np.mean(losses))
    inside = table["target/price"].between(table["price_q05"], table["price_q95"])
    assert val["interval_coverage/price"] == pytest.approx(inside.mean())
    assert val["interval_width/weight"] == pytest.approx((table["weight_q95"] - table["weight_q05"]).mean())
    assert val["rmse/price"] == pytest.approx(
        np.sqrt(np.mean((table["prediction/price"] - table["target/price"]) ** 2))
    )
    assert (table["price_q05"] <= table["prediction/price"]).all()
    assert (table["prediction/price"] <= table["price_q95"]).all()
    assert set(run.result["verdicts"]) == {"mean", "linear", "gradient_boosting"}
    assert run.result["baselines"]["mean"]["interval_coverage/price"] == pytest.approx(0.9, abs=0.03)
    assert run.result["corrected"]["pinball_loss"]["low"] < run.result["corrected"]["pinball_loss"]["high"]
    assert run.result["promise"]["score"] == "quantile"


def test_new_rows_get_quantiles_and_conformal_ends(run: Run, words: list[str], tmp_path: Path):
    source = Path(words[1].partition("=")[2])
    assert predict([f"run={run.path}", f"input={source}", f"output={tmp_path / 'out.csv'}"]) == 0
    found = pd.read_csv(tmp_path / "out.csv")
    assert {"price_q05", "weight_q95", "lower/price", "upper/weight"} <= set(found.columns)
    moved = found["price_q05"] - found["lower/price"], found["upper/price"] - found["price_q95"]
    np.testing.assert_allclose(moved[0], moved[1], atol=1e-5)  # one cut on either side
    np.testing.assert_allclose(moved[0], moved[0][0], atol=1e-5)


@pytest.mark.parametrize("kind", ["torch", "safetensors"])
def test_an_export_gives_all_quantiles_by_name(run: Run, tmp_path: Path, kind: str):
    assert export([f"run={run.path}", f"format={kind}", f"output={tmp_path}"]) == 0
    told = json.loads((tmp_path / "preprocessing.json").read_text())
    columns = ["price", "weight", "price_q05", "weight_q05", "price_q95", "weight_q95"]
    assert told["output"]["columns"] == columns
    assert "lowest quantile - cut to highest quantile + cut" in told["promise"]["rule"]


def test_the_sealed_test_measures_them_with_intervals_and_the_promise(run: Run):
    assert evaluate([f"run={run.path}", "split=test", f"paths.runs={run.path.parents[1]}"]) == 0
    result = Run(run.path).result
    for metric in ("pinball_loss", "interval_coverage/price", "interval_width/weight", "interval_coverage"):
        one = result["test"][metric]
        assert one["low"] <= one["value"] <= one["high"]
    assert set(result["promise"]["test"]["parts"]) == {"all, price", "all, weight"}
    kept = read_predictions(run.folder.predictions("test"), [], ["price", "weight"])
    assert kept is not None
    assert kept.measured.shape == (len(kept.sample_id), 6)


def test_runs_with_and_without_quantiles_compare_by_their_values(run: Run, words: list[str]):
    other = fit([*words, "name=values", "seed=1"])
    runs = read_runs([run.folder, other.folder])[0]
    both = [[read_predicted(each, "val")] for each in runs]
    found = compare_all(both, ["rmse", "mae", "pinball_loss"], 40)
    assert set(found) == {"rmse", "mae"}
    gap = other.result["val"]["rmse"] - run.result["val"]["rmse"]
    assert found["rmse"][1]["difference"] == pytest.approx(gap)
