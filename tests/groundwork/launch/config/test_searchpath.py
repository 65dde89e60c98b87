"""Folders of one's own choices are found from anywhere, and first of all are there."""

from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.searchpath import absolute_searchpath, searchpath_overrides


def test_a_folder_becomes_absolute_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "my conf" / "loss").mkdir(parents=True)
    (tmp_path / "my conf" / "loss" / "mine.yaml").write_text("# mine\nname: mine\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    word = absolute_searchpath("hydra.searchpath=[my conf]")
    assert word == f"hydra.searchpath=['file://{tmp_path.as_posix()}/my conf']"
    assert absolute_searchpath(word) == word
    composition = compose_run(["hydra.searchpath=['my conf']", "data=digits", "loss=mine"])
    assert composition.config.loss.name == "mine"
    assert searchpath_overrides(composition.overrides) == [word]
    monkeypatch.chdir("/")
    assert compose_run(composition.overrides).choose(task="classification").config.loss.name == "mine"


def test_a_folder_that_is_not_there_is_refused_and_a_package_is_left_to_hydra(tmp_path: Path):
    assert absolute_searchpath("hydra.searchpath=[pkg://birds.conf]") == "hydra.searchpath=[pkg://birds.conf]"
    with pytest.raises(UserError, match="must name folders of YAML files"):
        absolute_searchpath(f"hydra.searchpath=[{tmp_path / 'none'}]")


def test_an_option_that_hydra_would_pass_over_for_one_of_conf_is_refused(tmp_path: Path):
    (tmp_path / "optim").mkdir()
    (tmp_path / "optim" / "sgd.yaml").write_text("lr: 1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"optim/sgd\.yaml has the name of one in"):
        absolute_searchpath(f"hydra.searchpath=[{tmp_path}]")
    assert absolute_searchpath(f"hydra.searchpath=[{CONF}]")
