"""A table whose new rows hold what training never had: the mean of what it had, for every seed and in every export."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.export.formats import read_safetensors
from groundwork.evaluate.network import load_network
from groundwork.launch.commands import export, predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start

import torch  # isort: skip

NEW = pd.DataFrame({"x": [0.0] * 6 + [np.nan], "c": [*"ABCD", "new", None, "A"]})
LEVEL = {"A": 0.0, "B": 0.5, "C": 1.0, "D": 1.5}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("unseen"), np.random.default_rng(0)
    rows = pd.DataFrame({"x": rng.normal(size=300).round(3), "c": rng.choice(list("ABCD"), 300)})
    rows["y"] = (rows.x + rows.c.map(LEVEL) + rng.normal(0, 0.05, 300)).round(4)
    rows.to_csv(folder / "train.csv", index=False)
    NEW.to_csv(folder / "new.csv", index=False)
    return folder


@cache
def trained(place: Path, *words: str) -> RunFolder:
    runs = place / "runs" / "-".join(words).replace("/", "").replace("=", "")
    own = ["data=table", f"data.table={place / 'train.csv'}", "data.target=y", "trainer=cpu", "trainer.max_epochs=20",
           "optim.lr=1e-2", "metrics.resamples=20", "report.write=false", f"paths.runs={runs}"]  # fmt: skip
    assert start(compose_run([*own, *words])) == 0
    return RunFolder.find("latest", runs)


@pytest.mark.parametrize(
    "words", [("model=mlp", f"seed={seed}") for seed in range(2)] + [("model=mlp_periodic",)]
)
def test_predictions_are_near_the_mean_of_the_known_ones_whatever_the_seed(
    place: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    folder = trained(place, *words)
    capsys.readouterr()
    assert predict([f"run={folder.path}", f"input={place / 'new.csv'}", f"output={place / 'out.csv'}"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    found = pd.read_csv(place / "out.csv").prediction.to_numpy()
    known = found[:4].mean()
    assert found[4:6] == pytest.approx([known, known], abs=0.3)  # a drawn vector was off by 0.2 to 2
    assert found[6] == pytest.approx(found[0], abs=0.4)  # the median of x is near 0
    assert "column 'c': 1 of 7 rows hold a category that training did not know; they get the mean" in said
    assert "column 'c': 1 of 7 rows have no value, which training never showed; they get the mean" in said
    assert "column 'x': 1 of 7 rows have no value, which training never showed; they get" in said


def test_the_checkpoint_and_the_export_hold_the_mean(place: Path):
    folder = trained(place, "model=mlp", "seed=0")
    network = load_network(folder)
    weight = network.backbone.layers[0].tables[0].weight.detach()
    counts = np.array(folder.read_json("data")["columns"]["columns"][1]["counts"], dtype=np.float32)
    assert counts[:2].tolist() == [0, 0]
    mean = torch.from_numpy(counts / counts.sum()) @ weight
    torch.testing.assert_close(weight[:2], mean.expand(2, -1))
    assert export([f"run={folder.path}", "format=safetensors", f"output={place / 'export'}"]) == 0
    exported = read_safetensors(place / "export" / "model.safetensors")
    rows = torch.tensor([[0.0, 1.0], [0.0, 0.0], [float("nan"), 2.0]], dtype=torch.float64)
    with torch.inference_mode():
        assert torch.equal(exported(rows), network(rows))
    card = (place / "export" / "card.md").read_text(encoding="utf-8")
    assert "Categories that training never saw get the mean of those that it saw" in card
    assert "A missing value in x, c was never seen in training" in card
