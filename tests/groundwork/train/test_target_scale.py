"""`task.target_scale`: what folds of train choose, and a whole run on a skewed target."""

import numpy as np
import pandas as pd
import pytest
import torch

from groundwork.evaluate.run import Run
from groundwork.launch.api import fit
from groundwork.train.target_scale import cross_validated_error


def test_folds_find_the_scale_that_the_target_has() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, 2))
    target = np.exp(1.5 * inputs[:, 0] + 0.1 * rng.normal(size=300))
    log, none = (cross_validated_error(inputs, target, method) for method in ("log", "none"))
    assert log < 0.98 * none


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    place = tmp_path_factory.mktemp("scale")
    rng = np.random.default_rng(0)
    size, kind = rng.normal(size=160), rng.choice(["a", "b", "c"], 160)
    price = np.exp(size + (kind == "a") + 0.3 * rng.normal(size=160))
    size[::9] = np.nan
    pd.DataFrame({"size": size, "kind": kind, "price": price}).to_csv(place / "rows.csv", index=False)
    return [
        "data=table", f"data.table={place / 'rows.csv'}", "data.target=price", "task=regression", "model=tabm",
        "model.k=2", "model.width=8", "trainer=cpu", "execution=plain", "metrics.resamples=20", "report.write=false",
        "trainer.max_epochs=2", f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def run(words: list[str]) -> Run:
    return fit([*words, "task.target_scale=log", "normalize=quantile", "name=log"])


def test_predictions_are_smeared_and_measured_in_original_units(run: Run) -> None:
    scale = run.model().head.target_scale
    assert float(scale.residuals.abs().max()) > 0
    table = run.predictions("val")
    error = np.sqrt(np.mean((table["prediction"] - table["target"]) ** 2))
    assert run.result["val"]["rmse"] == pytest.approx(error)


def test_a_checkpoint_holds_scale_and_ranks(run: Run) -> None:
    network = run.model().eval()
    rows = torch.tensor([[0.5, 2.0], [1e9, 1.0], [float("nan"), 0.0]], dtype=torch.float64)
    assert float(network.normalize(rows)[1, 0]) < 2.6
    assert torch.isfinite(network.decode(network(rows))).all()
