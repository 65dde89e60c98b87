"""Names of choices and what the data told -> network, loss, metrics, optimizer and schedule of a task."""

from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

from omegaconf import DictConfig
from torch import nn

from groundwork.core.batch import TaskName
from groundwork.core.choice import build, choose, has_choice
from groundwork.core.errors import UserError
from groundwork.core.suited import check_loss_task
from groundwork.model.build import build_network
from groundwork.optim import optimizer_factory, schedule_factory
from groundwork.task.foreign import foreign_info

PLAIN = (str, int, float, bool, type(None), Mapping)
LOSS = {"classification": "cross_entropy", "regression": "mse", "multilabel": "binary_cross_entropy"}
BACKBONE = {"image": "efficientnet_lite0", "table": "tabm"}


def is_plain(value: Any) -> bool:
    """Tell whether a checkpoint may hold a value among the hyper-parameters."""
    return isinstance(value, PLAIN) and not isinstance(value, DictConfig)


def data_info(task: Any) -> dict[str, Any]:
    """Ask the data module of a task's trainer what a network must know of its data.

    Raises:
        UserError: If there is none, it does not tell, or its data are for another task.
    """
    asked = task._asked
    if asked["info"] is not None:
        return dict(asked["info"])
    data = task.trainer.datamodule
    if not hasattr(data, "describe"):
        return foreign_info(data, task.kind, asked["num_classes"])
    info: dict[str, Any] = data.describe(bool(_pretrained(asked, _plan(asked, "image"))))
    if info["task"] != task.kind:
        raise UserError(
            f"the data must fit {type(task).__name__}, but are for {info['task']} ({info['target']['why']}). "
            f"Use {info['task'].capitalize()}Task, or give task={task.kind!r} to the data module."
        )
    return info


def build_parts(
    kind: TaskName, asked: Mapping[str, Any], info: dict[str, Any], pretrained: bool
) -> dict[str, Any]:
    """Build the parts of a task by their names among the arguments of its class.

    Args:
        kind: Of problem.
        asked: Argument -> what was given.
        info: See `data_info`.
        pretrained: Load the weights of the backbone.
    """
    plan, whole = _plan(asked, info["kind"]), choose("task", kind)
    model = _model(asked, info["kind"], _pretrained(asked, plan))
    reads = (
        None if plan.cut == "last" else ((plan.cut,) if isinstance(plan.cut, int) else plan.cut, plan.pool)
    )
    function = asked["loss"]
    if isinstance(function, str):
        check_loss_task(function, kind)
    loss = choose("loss", function if isinstance(function, str) else LOSS[kind])
    config: Any = SimpleNamespace(model=model, task=whole.task, loss=loss)
    # adapters need their base even where a checkpoint follows
    network = plan.adapt(build_network(config, info, pretrained or bool(plan.rank), reads), asked["seed"])
    if function is None or isinstance(function, str):
        weights = info.get("class_weights")
        function = build(loss.function, **({"class_weights": weights} if weights else {}))
    metrics = asked["metrics"]
    if metrics is None:
        metrics = build(choose("metrics", kind)).for_loss(loss)
    monitor = asked["monitor"] or whole.monitor
    names = info["target"]["classes"] or info["target"]["names"]
    augment = _chosen("augment", asked["augment"])
    return {
        "network": network,
        "plan": plan,
        "loss": function,
        "penalty": build(loss.penalty, _partial_=True)(network=network),
        "metrics": partial(metrics, names=names) if asked["metrics"] is None else metrics,
        "optimizer": _optimizer(asked, model),
        "schedule": _schedule(asked["schedule"]),
        "monitor": monitor,
        "mode": asked["mode"] or (metrics.direction(monitor) if asked["metrics"] is None else "min"),
        "augment": augment,
        "mix": asked["mix"] or (getattr(augment, "mix", None) if kind != "regression" else None),
        "num_outputs": len(names),
    }


def _chosen(group: str, part: Any) -> Any:
    return build(choose(group, part)) if isinstance(part, str) else part


def _optimizer(asked: Mapping[str, Any], model: DictConfig | SimpleNamespace) -> Any:
    part = asked["optimizer"]
    if not isinstance(part, str):
        return part
    changes = {} if asked["lr"] is None else {"lr": asked["lr"]}
    usual = getattr(model, "usual_lr", None)
    return optimizer_factory(
        choose("optim", part, changes, model={} if usual is None else {"usual_lr": usual})
    )


def _schedule(part: Any) -> Any:
    return schedule_factory(choose("schedule", part)) if isinstance(part, str) else part


def _plan(asked: Mapping[str, Any], kind: str) -> Any:
    """Build the plan of transfer; without a word a pretrained backbone stays frozen, and any other one trains."""
    wanted = asked["transfer"]
    if wanted is None:
        reuses = kind == "image" and not isinstance(asked["backbone"], nn.Module)
        wanted = "small_similar" if reuses and asked["pretrained"] is not False else "none"
    plan = _chosen("transfer", wanted)
    if plan.rank and not _pretrained(asked, plan):
        raise UserError(
            "transfer=lora must go with pretrained weights, but got pretrained=False. Use transfer=scratch."
        )
    if plan.scenario == "auto" or plan.cut == "auto":
        raise UserError(
            f"transfer={wanted} must measure before it chooses, which scripts/train.py does and Trainer.fit does not. "
            "Use small_similar, large_similar, large_different or scratch."
        )
    return plan


def _pretrained(asked: Mapping[str, Any], plan: Any) -> bool | str:
    """Say where the weights of the backbone come from."""
    if isinstance(asked["backbone"], nn.Module):
        return False
    wanted: bool | str | None = asked["pretrained"]
    return bool(plan.pretrained) if wanted is None else wanted


def _model(asked: Mapping[str, Any], kind: str, pretrained: bool | str) -> DictConfig | SimpleNamespace:
    """Read the choice of the model, or put a module of one's own in its place."""
    backbone = asked["backbone"] or BACKBONE[kind]
    if isinstance(backbone, DictConfig):
        return backbone
    if isinstance(backbone, nn.Module):
        name = type(backbone).__name__
        return SimpleNamespace(kind=kind, name=name, pretrained=False, dropout=0.0, backbone=backbone)
    changes: dict[str, Any] = {"pretrained": pretrained} if kind == "image" else {}
    if has_choice("model", backbone):
        return choose("model", backbone, changes)
    return choose("model", "timm", {"name": backbone, **changes})
