"""A search from its words to its report: trials are runs, the same command goes on, the best one can be run again."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf

from groundwork.core import admitted
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import SWEEP
from groundwork.evaluate.seal import seal
from groundwork.launch.config.compose import complete, compose_run
from groundwork.launch.search import result as search_result
from groundwork.launch.search.search import start


@pytest.fixture(autouse=True)
def _outside_of_a_sweep() -> Iterator[None]:
    yield
    os.environ.pop(SWEEP, None)


def words(tmp_path: Path, table: Path, *more: str) -> list[str]:
    return ["data=table", f"data.table={table}", "data.target=price", "data.drop=[dear]", "task=regression",
            "trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=20", f"paths.runs={tmp_path / 'runs'}",
            f"paths.cache={tmp_path / 'cache'}", "search=mlp", "name=mine", *more]  # fmt: skip


def search(tmp_path: Path, table: Path, *more: str) -> int:
    return start(compose_run(words(tmp_path, table, *more)))


def check_experiment(place: Path, best: Path, conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose the best configuration again, from where the search says that its file goes."""
    shutil.copytree(CONF, conf)
    shutil.copy(place / "mine_best.yaml", conf / "experiment")
    monkeypatch.setattr("groundwork.launch.config.compose.CONF", conf)
    again = OmegaConf.to_container(compose_run(["experiment=mine_best"]).config, resolve=True)
    trial = yaml.safe_load((best / "config.yaml").read_text(encoding="utf-8"))
    assert (again["data"].pop("batch_size"), trial["data"].pop("batch_size")) == ("auto", 32)  # type: ignore[index, call-overload, union-attr]
    for key in set(trial) - set(search_result.LEFT_OUT):
        assert again[key] == trial[key], key  # type: ignore[index, call-overload]


def test_a_search_ends_with_runs_a_report_and_an_experiment(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
):
    assert search(tmp_path, table, "search.trials=1") == 0
    assert search(tmp_path, table, "search.trials=2") == 0
    place = tmp_path / "runs" / "mine"
    found = RunFolder(place).read_json("search.json")
    assert [trial["state"] for trial in found["trials"]] == ["complete"] * 2
    assert len({trial["values"]["optim.lr"] for trial in found["trials"]}) == 2
    results = [RunFolder(place / trial["folder"]).read_json("result.json") for trial in found["trials"]]
    assert [result["val"]["rmse"] for result in results] == [trial["value"] for trial in found["trials"]]
    assert all("test" not in result for result in results)
    assert found["best"] == min(found["trials"], key=lambda trial: trial["value"])["number"]
    assert found["corrected"]["low"] < found["corrected"]["value"] < found["corrected"]["high"]
    assert "train.py -m experiment=mine_best seed=0,1,2 paths.runs=" in found["next"]
    best = place / f"trial-{found['best']:04d}"
    assert (best / "report.html").exists()
    assert "mine" in (place / "report.html").read_text(encoding="utf-8")
    history = pd.read_csv(place / "figures" / "search_history.csv")
    assert history.best.tolist() == history.value.cummin().tolist()
    with pytest.raises(UserError, match="inside a sweep or search"):
        seal(RunFolder(best), tmp_path / "runs", Console(quiet=True))
    with pytest.raises(UserError, match=r"optim differs from when it began.*name=NAME"):
        search(tmp_path, table, "optim.eps=0.5")
    check_experiment(place, best, tmp_path / "conf", monkeypatch)


def test_what_is_refused_leaves_no_search_behind(tmp_path: Path, table: Path):
    with pytest.raises(UserError, match="num: 5"):
        search(tmp_path, table, "search.sampler=grid")
    assert not (tmp_path / "runs" / "mine").exists()


def test_a_search_without_a_space_names_those_that_exist():
    with pytest.raises(UserError, match="fine_tune, linear_head, mlp"):
        start(compose_run(["data=diabetes"]))


OWN = """
import torch
from lightning import LightningDataModule, LightningModule
from torch.utils.data import DataLoader, TensorDataset


class Line(LightningModule):
    def __init__(self, lr):
        super().__init__()
        self.lr, self.weight = lr, torch.nn.Parameter(torch.zeros(1))

    def loss(self, batch):
        return ((batch[0] * self.weight - 3 * batch[0]) ** 2).mean()

    def training_step(self, batch, batch_idx):
        return self.loss(batch)

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.lr)


class Ones(LightningDataModule):
    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def train_dataloader(self):
        return DataLoader(TensorDataset(torch.ones(self.rows, 1)), self.rows)

    val_dataloader = train_dataloader
"""


@pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers")
def test_modules_of_ones_own_are_searched_over_by_their_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "searched.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(admitted, "_admitted", set())
    own = ["task._target_=searched.Line", "data._target_=searched.Ones", "data.rows=4", "monitor=val_loss"]
    own += ["trainer=cpu", "trainer.max_epochs=1", "search=_common", "search.trials=2", "name=mine"]
    own += [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    composition = compose_run(complete([*own, "+search.space={task.lr: {choices: [0.1, 0.2]}}"]))
    assert start(composition) == 0
    found = RunFolder(tmp_path / "runs" / "mine").read_json("search.json")
    assert found["direction"] == "min"
    assert found["corrected"] is None  # modules of one's own keep no predictions
    for trial in found["trials"]:
        rate = trial["values"]["task.lr"]
        assert trial["value"] == pytest.approx((3 - 6 * rate) ** 2)  # one step from 0 towards 3
    with pytest.raises(UserError, match=r"optim\.lr must have an effect .*module of your own"):
        start(compose_run(complete([*own, "name=other", "+search.space={optim.lr: {choices: [0.1, 0.2]}}"])))
