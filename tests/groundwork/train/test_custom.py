"""Parts of one's own are known by their target, and what steps aside for them is told in one line."""

import pytest
from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.train.custom import custom_parts, is_custom_task, is_own, own_data, step_aside, target_kind


def config(*words: str) -> DictConfig:
    return compose_run(["data=digits", *words]).config


def test_shipped_tasks_and_heads_are_no_parts_of_ones_own():
    for task in ("auto", "classification", "regression"):
        assert custom_parts(config(f"task={task}")) == []
        assert step_aside(config(f"task={task}"), reuses=True) == ""
        assert not is_custom_task(config("task=regression"))


def test_how_the_target_is_read_follows_from_the_task_and_else_from_the_data():
    assert target_kind(config("task=regression")) == "regression"
    assert target_kind(config("task=classification")) == "classification"
    assert target_kind(config("task=auto")) == "classification"
    assert target_kind(config("task=auto", "data.task=null")) is None
    with pytest.raises(UserError, match=r"task\.target must be classes, values or labels, but got None"):
        target_kind(OmegaConf.create({"task": {"name": "ranks"}}))


def test_a_head_of_ones_own_costs_only_what_rests_on_a_linear_head():
    own = config("task=classification", "task.head._target_=birds.Head")
    assert custom_parts(own) == ["task.head=birds.Head"]
    assert (
        step_aside(own, reuses=True)
        == "task.head=birds.Head: exact head, choice of the cut and advice step aside"
    )
    assert step_aside(own, reuses=False) == ""


def test_a_lightning_module_of_ones_own_says_nothing_of_how_the_target_is_read():
    own = config("task=module", "task._target_=birds.Birds")
    assert "name" not in own.task
    assert not is_custom_task(own)
    assert target_kind(own) == "classification"


def test_a_task_of_ones_own_has_neither_baselines_nor_pages_of_its_own():
    own = config("task=regression", "task.name=ranks", "task.module._target_=birds.Ranks")
    said = step_aside(own, reuses=False)
    assert (
        said
        == "task.module=birds.Ranks: baselines, and the report's pages of classes or of values step aside"
    )


@pytest.mark.parametrize("data", [5, "digits", [1], None, {"_target_": 5}])
def test_a_group_that_was_changed_by_hand_names_no_module(data: object):
    assert own_data(OmegaConf.create({"data": data})) is None
    assert not is_own(OmegaConf.create({"task": data, "data": data}))
