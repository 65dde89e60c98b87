"""A decision threshold from the configuration to the checkpoint, the predictions and the sealed test."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.seal import seal
from groundwork.launch.commands import predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.train.checkpoint import load


def words(tmp_path: Path, table: Path, *more: str) -> list[str]:
    return ["data=table", f"data.table={table}", "data.target=dear", "data.positive_class=yes",
            "data.drop=[price,weight,color]", "task=classification", "trainer=cpu", "trainer.max_epochs=3",
            "metrics.resamples=20", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
            *more]  # fmt: skip


def test_a_threshold_chosen_on_val_decides_everywhere(tmp_path: Path, table: Path):
    assert start(compose_run(words(tmp_path, table, "metrics.threshold=auto", "monitor=f1"))) == 0
    folder = RunFolder.find("latest", tmp_path / "runs")
    result = folder.read_json("result.json")
    threshold = result["threshold"]
    assert threshold == load(folder.best)["threshold"]
    val = pd.read_parquet(folder.predictions("val"))
    prob, truth = val["prob/yes"].to_numpy(np.float64), val["target"] == "yes"
    assert (val["prediction"] == "yes").tolist() == (prob >= threshold).tolist()
    best = max(f1_score(truth, prob >= cut) for cut in np.r_[0.5, prob])
    assert result["val"]["f1"] == pytest.approx(best)
    assert any("optimistic on val" in note for note in result["notes"])

    seal(folder, tmp_path / "runs", Console(quiet=True))
    test = pd.read_parquet(folder.predictions("test"))
    assert (test["prediction"] == "yes").tolist() == (test["prob/yes"].astype(float) >= threshold).tolist()
    sealed = f1_score(test["target"] == "yes", test["prediction"] == "yes")
    assert folder.read_json("result.json")["test"]["f1"]["value"] == pytest.approx(sealed)

    output = tmp_path / "new.csv"
    assert predict([f"run={folder.path}", f"input={table}", f"output={output}"]) == 0
    new = pd.read_csv(output)
    assert (new["prediction"] == "yes").tolist() == (
        new["prob/yes"].to_numpy(np.float32) >= threshold
    ).tolist()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("metrics.threshold=2", "must be auto or a number in"),
        ("metrics.threshold=high", "must be auto or a number in"),
    ],
)
def test_a_threshold_that_is_no_probability_is_refused(tmp_path: Path, table: Path, word: str, said: str):
    with pytest.raises(Exception, match=said):
        start(compose_run(words(tmp_path, table, word)))


def test_a_threshold_between_three_classes_is_refused(tmp_path: Path, table: Path):
    frame = pd.read_csv(table)
    frame["dear"] = np.array(["yes", "no", "maybe"])[np.arange(200) % 3]
    frame.to_csv(table, index=False)
    with pytest.raises(UserError, match="must go with two classes, but the data has 3"):
        start(compose_run(words(tmp_path, table, "metrics.threshold=auto", "data.positive_class=null")))
