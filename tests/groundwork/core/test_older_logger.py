"""Configurations of the first edition find their loggers again."""

from pathlib import Path

import pytest

from groundwork.core.older_logger import logger_of_today, logger_overrides_of_today
from groundwork.core.run_folder import RunFolder
from groundwork.track.check import check_logger

OLD = {
    "upload": ["metrics"], "group": "g", "job_type": None, "wait": 20, "gradients": 5,
    "wandb": {"_target_": "groundwork.track.Wandb", "project": "p", "entity": None, "mode": "auto"},
}  # fmt: skip
RUNS = Path(__file__).parents[2] / "first_edition" / "runs"


def test_shared_keys_belong_to_wandb_and_gradients_to_the_callbacks():
    content = {"logger": OLD, "callbacks": {"extra": {}}}
    new = logger_of_today(content)
    wandb = new["logger"]["wandb"]
    assert list(new["logger"]) == ["wandb"]
    assert (wandb["upload"], wandb["group"], wandb["wait"], wandb["tags"]) == (["metrics"], "g", 20, [])
    assert new["callbacks"]["extra"]["gradients"] == {"_target_": "groundwork.train.Gradients", "every": 5}
    assert content == {"logger": OLD, "callbacks": {"extra": {}}}  # as it was
    assert logger_of_today(new) == new


@pytest.mark.parametrize("name", ["logged", "trained"])
def test_run_folders_of_the_first_edition_pass_todays_check(name: str):
    config = RunFolder(RUNS / name / "run").config
    check_logger(config)
    assert list(config.logger) == (["tensorboard"] if name == "logged" else [])


def test_overrides_move_likewise_and_those_without_effect_are_left_out():
    words = ["seed=1", "logger.wait=3", "logger.upload=[metrics]", "logger.wandb.mode=offline"]
    moved = ["logger=[tensorboard,wandb]", "logger.wandb.wait=3", "logger.wandb.upload=[metrics]"]
    assert logger_overrides_of_today(["logger=[tensorboard,wandb]", *words]) == [
        moved[0], "seed=1", *moved[1:], "logger.wandb.mode=offline",
    ]  # fmt: skip
    assert logger_overrides_of_today(["seed=1", "logger.wait=3", "logger.gradients=null"]) == ["seed=1"]
