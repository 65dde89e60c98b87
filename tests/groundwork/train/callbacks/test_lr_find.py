"""The search for a learning rate tells one and leaves the run as it is, to the last bit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch

import groundwork
from groundwork.core.errors import UserError
from groundwork.train.callbacks.lr_find import FindRate, steepest
from groundwork.train.checkpoint import load


@pytest.fixture
def words(tmp_path: Path, table: Path) -> list[str]:
    return ["data=table", f"data.table={table}", "data.target=price", "data.batch_size=16",
            "model=mlp", "model.dropout=0.3", "trainer=cpu", "execution=plain", "trainer.max_epochs=2",
            "metrics.resamples=20",
            "report.write=false", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]  # fmt: skip


def test_the_run_that_follows_is_the_same_to_the_last_bit(
    words: list[str], capsys: pytest.CaptureFixture[str]
):
    plain = groundwork.fit([*words, "name=plain"], quiet=True)
    capsys.readouterr()
    found = groundwork.fit([*words, "debug=lr_find", "trainer.max_epochs=2"], quiet=True)
    assert "try optim.lr=" in capsys.readouterr().out
    assert found.path.parent.name == "debug"
    before, after = (load(run.folder.last)["state_dict"] for run in (plain, found))
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    pd.testing.assert_frame_equal(plain.history, found.history)
    curve = pd.read_csv(found.path / "figures" / "lr_find.csv")
    assert curve["lr"].is_monotonic_increasing
    assert len(curve) > 40
    assert not (plain.path / "figures" / "lr_find.csv").exists()
    assert (found.path / "figures" / "lr_find.png").is_file()


def test_a_head_that_is_solved_exactly_has_no_rate_and_says_so(
    tmp_path: Path, image_folder: Path, capsys: pytest.CaptureFixture[str]
):
    weights = tmp_path / "weights.pth"
    torch.save(timm.create_model("test_resnet", pretrained=False).state_dict(), weights)
    run = groundwork.fit(
        ["data=image_folder", f"data.root={image_folder}", "data.image_size=32", "model=timm", "model.name=test_resnet",
         f"model.pretrained={weights}", "transfer=small_similar", "trainer=cpu", "execution=plain", "debug=lr_find",
         "report.write=false", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    )  # fmt: skip
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "note: lr_find: no effect on this run, whose head is solved exactly. Add transfer.solver=sgd" in said
    )
    assert not (run.path / "figures" / "lr_find.csv").exists()


def test_the_steepest_point_lies_before_the_lowest_one():
    rates = np.geomspace(1e-5, 1.0, 51)
    x = np.log10(rates)
    losses = 2 - 1 / (1 + np.exp(-4 * (x + 3))) + np.where(x > -1, 5 * (x + 1), 0)
    assert steepest(rates, losses) == pytest.approx(1e-3)
    assert steepest(rates, np.linspace(1, 2, 51)) is None
    assert steepest(rates[:0], losses[:0]) is None


@pytest.mark.parametrize("wrong", [{"low": 0.0}, {"high": 1e-9}, {"steps": 2}, {"lr": 0.0}])
def test_a_range_that_is_none_is_refused(wrong: dict[str, float]):
    given = {"lr": 0.1, "low": 1e-6, "high": 1.0, "steps": 100} | wrong
    with pytest.raises(UserError, match="lr_find must have 0 < low < high"):
        FindRate(**given)  # type: ignore[arg-type]
