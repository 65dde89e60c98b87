"""A search from its words to its report: trials are runs, the same command goes on, the best one can be run again."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.core.run_folder import RunFolder
from groundwork.core.variables import SWEEP
from groundwork.evaluate.seal import seal
from groundwork.launch.config.compose import compose_run
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
