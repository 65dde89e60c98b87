"""Every option of every group composes, and every object that it describes can be built, without weights or data."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import get_class, get_method, get_object
from lightning.pytorch import Callback
from omegaconf import DictConfig, OmegaConf

from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.explain import options
from groundwork.model import as_backbone, taken
from groundwork.task import Task
from groundwork.train.plugged import check_plugged, read_augment
from groundwork.transfer import Plan

GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
OPTIONS = [(group, option) for group in GROUPS for option in options(group)]
# What must be given by hand before a choice is complete.
NEEDED = {
    ("model", "timm"): ["model.name=test_resnet"],
    ("data", "module"): ["data._target_=lightning.LightningDataModule"],
    ("task", "module"): ["task._target_=lightning.LightningModule"],
    ("model", "plain"): ["model.backbone._target_=torch.nn.Flatten"],
    ("loss", "own"): ["loss.function._target_=groundwork.loss.Focal", "+loss.function.gamma=2"],
    ("optim", "timm"): ["optim.name=muon"],
    ("subset", "stratified"): ["subset.fraction=0.5"],
    ("metrics", "own"): [
        "+metrics.extra.mcc={_target_: torchmetrics.MatthewsCorrCoef, task: multiclass, num_classes: 2}",
        "monitor=mcc",
    ],
}
TABLE_ONLY = {
    ("model", option)
    for option in options("model")
    if compose_run([f"model={option}"]).config.model.get("kind") == "table"
}
REGRESSION_LOSSES = {"mse", "mae", "huber"}


def words_for(group: str, option: str) -> list[str]:
    """Complete one option to a configuration that holds together."""
    words = [f"{group}={option}", *NEEDED.get((group, option), [])]
    if (group, option) in TABLE_ONLY:
        words.append("data=diabetes")
    if group not in ("task", "experiment"):
        regression = option in REGRESSION_LOSSES or (group, option) == ("metrics", "regression")
        words.append("task=regression" if regression else "task=classification")
    return words


@cache
def composed(group: str, option: str) -> DictConfig:
    return compose_run(words_for(group, option)).config


def targets(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["_target_"]] if "_target_" in node else []
        return own + [name for value in node.values() for name in targets(value)]
    return [name for value in node for name in targets(value)] if isinstance(node, list) else []


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_names_what_exists(group: str, option: str):
    config = composed(group, option)
    named = targets(OmegaConf.to_container(config, resolve=False))
    assert named
    for name in named:
        assert callable(get_method(name)), name


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_opens_by_saying_what_it_is_for(group: str, option: str):
    lines = [line for line in (CONF / group / f"{option}.yaml").read_text("utf-8").splitlines() if line]
    said = [line for line in lines[:2] if line.startswith("# ") and "@package" not in line]
    assert said, f"{group}/{option}.yaml"


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_our_targets_start_with_the_room_that_owns_them(group: str, option: str):
    rooms = {path.name.removesuffix(".py") for path in (CONF.parent / "src" / "groundwork").iterdir()}
    content = OmegaConf.to_container(OmegaConf.load(CONF / group / f"{option}.yaml"), resolve=False)
    for name in targets(content):
        assert name.split(".")[0] != "groundwork" or name.split(".")[1] in rooms, name


def built(group: str, option: str) -> object:
    config = composed(group, option)
    return instantiate(config[group], _convert_="all")


@pytest.mark.parametrize("option", options("split"))
def test_every_split_can_be_built(option: str):
    assert callable(built("split", option))


@pytest.mark.parametrize("group", ["optim", "schedule", "augment"])
def test_every_optimizer_schedule_and_augmentation_can_be_tried(group: str):
    for option in options(group):
        check_plugged(composed(group, option))


@pytest.mark.parametrize("option", options("augment"))
def test_every_augmentation_keeps_shape_and_type(option: str):
    image = torch.full((2, 3, 16, 16), 7, dtype=torch.uint8)
    changed = read_augment(composed("augment", option))(image, torch.arange(2))
    assert (changed.shape, changed.dtype) == (image.shape, image.dtype)


@pytest.mark.parametrize("group", ["missing", "subset", "balance", "normalize"])
def test_every_option_of_a_plain_group_can_be_built(group: str):
    for option in options(group):
        assert not isinstance(built(group, option), dict | DictConfig), option


@pytest.mark.parametrize("option", options("transfer"))
def test_every_scenario_is_a_plan(option: str):
    plan = built("transfer", option)
    assert isinstance(plan, Plan)
    assert plan.scenario in (option, "large_similar")  # gradual unfreezing is a form of large_similar


@pytest.mark.parametrize("option", [name for name in options("model") if name != "auto"])
def test_every_backbone_gives_its_stages(option: str):
    config = compose_run([*words_for("model", option), "model.pretrained=false"]).config
    if config.model.kind == "image":
        inputs, told = torch.zeros(2, 3, 64, 64), {"in_chans": 3, "image_size": 64}
    else:
        inputs, told = torch.zeros(2, 4), {"num_numeric": 3, "cardinalities": (4,)}
        told |= {"bins": [[-1.0, 1.0]] * 3, "num_rows": 8}
    node = config.model.backbone
    backbone = as_backbone(instantiate(node, **taken(get_object(node._target_), **told)), inputs)
    stages = backbone.eval()(inputs)
    assert len(stages) == backbone.num_stages == len(backbone.channels) == len(backbone.spatial)
    assert [stage.shape[1] for stage in stages] == list(backbone.channels)


@pytest.mark.parametrize("option", options("callbacks"))
def test_every_callback_is_one(option: str):
    for node in composed("callbacks", option).callbacks.values():
        assert issubclass(get_class(node._target_), Callback)


@pytest.mark.parametrize("option", [name for name in options("metrics") if name != "auto"])
def test_every_metric_judges_a_whole_split(option: str):
    metrics = instantiate(composed("metrics", option).metrics)
    if option == "regression":
        values = metrics(np.zeros((4, 1)), np.arange(4.0)[:, None], ["price"])
    else:
        labels = (
            np.array([[0, 1], [1, 0], [0, 0], [1, 1]]) if option == "multilabel" else np.array([0, 1, 0, 1])
        )
        values = metrics(np.full((4, 2), 0.5), labels, ["a", "b"])
    assert values
    assert all(isinstance(value, float) for value in values.values())


# A LightningModule of one's own, whose file begins with its class, brings its own head.
FILES = (CONF / "task").glob("[!_]*.yaml")
TASKS = sorted(path.stem for path in FILES if "\n_target_:" not in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("option", [name for name in TASKS if name != "auto"])
def test_every_task_is_a_module_with_a_head_that_decodes_its_output(option: str):
    task = composed("task", option).task
    assert issubclass(get_class(task.module._target_), Task)
    given = {
        "classes": {"num_classes": 3},
        "labels": {"num_labels": 3},
        "values": {"num_targets": 3, "center": [0.0] * 3, "scale": [1.0] * 3},
    }[task.target]
    head = instantiate(task.head, num_features=4, dropout=0.0, **given, _convert_="all")
    assert head.decode(head(torch.randn(5, 4))).shape == (5, 3)


def test_a_default_lives_in_conf_only():
    """Two experiments differ in what they say, not in what the code assumes: the file names every key."""
    config = compose_run(["experiment=solar_cells"]).config
    assert OmegaConf.to_container(config, resolve=True)


def test_every_experiment_file_opens_with_command_and_source():
    for path in sorted((CONF / "experiment").glob("*.yaml")):
        head = path.read_text(encoding="utf-8")[:1500]
        assert "# command" in head, path
        assert Path(path).stem in head or "train.py" in head, path
