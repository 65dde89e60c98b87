"""A configuration -> what contradicts itself, before any data is read, and what has no effect on this run."""

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF
from groundwork.core.quantiles import ordered_levels
from groundwork.core.ranges import check_choice
from groundwork.core.suited import check_loss_task
from groundwork.launch.config.bounds import check_values
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.files import lacking
from groundwork.launch.config.own import check_own
from groundwork.launch.config.parts import check_metrics
from groundwork.launch.config.plainly import check_network, check_samples, check_task
from groundwork.launch.config.pretrained import check_pretrained
from groundwork.launch.config.times import check_times
from groundwork.launch.config.trainer import check_callbacks, check_trainer, is_plain
from groundwork.track.check import check_logger
from groundwork.train.custom import custom_parts, is_own, target_kind
from groundwork.train.served import served

PACKAGE = __name__.partition(".")[0]
OF_ALL = ("lr", "weight_decay", "layer_decay")  # keys of every optimizer


def check_combination(composition: Composition) -> None:
    """Refuse choices that contradict each other.

    Raises:
        UserError: With the choices, the rule and what to change.
    """
    with lacking(composition.choices):
        if not is_own(composition.config):
            check_task(composition)
        _check(composition.config, composition.choices)


def _check(config: DictConfig, choices: dict[str, str]) -> None:
    if config.get("suspects"):
        raise UserError(
            f"suspects={config.suspects} must be asked of audit.py, which looks at data before anyone trains on it. "
            "Use scripts/audit.py suspects=true."
        )
    if is_own(config):
        check_parts(config)
        check_own(config)
        _check_built(config)
        return
    if (backbone := config.model.get("backbone")) is not None and OmegaConf.is_missing(backbone, "_target_"):
        raise UserError(
            "model.backbone._target_ must be given, but is not. Add model.backbone._target_=PACKAGE.CLASS."
        )
    check_parts(config)
    if "search" in choices:
        raise UserError(
            f"search={choices['search']} must go with scripts/search.py. Start that, or leave it out."
        )
    check_metrics(config)
    task = (config.data.task or "auto") if config.task.name == "auto" else config.task.name
    check_loss_task(config.loss.name, task)
    _check_loss_head(config)
    if choices["balance"] != "none":
        _check_balance(config, choices["balance"], task)
    _check_data(config, choices)
    check_samples(config)
    check_network(config)
    _check_served(config, task)
    _check_target_scale(config)
    _check_adapters(config)
    check_pretrained(config)
    if config.data.kind == "table":
        _check_table(choices, bool(config.model.get("pretrained")))
    if not _is_usual(config):
        from groundwork.train.plugged import check_plugged  # torch: not for what conf/ names

        check_plugged(config)
    _check_built(config)


def _check_loss_head(config: DictConfig) -> None:
    loss = config.loss.name
    if loss == "quantile":
        ordered_levels(config.loss.quantiles)
    threshold = config.metrics.get("threshold")
    if loss in ("ordinal", "quantile") and (threshold is not None or custom_parts(config)):
        named = [*custom_parts(config), f"metrics.threshold={threshold}"][0]
        raise UserError(
            f"loss={loss} must bring its own head and decide by it, but got {named}. Leave that out."
        )


def _check_data(config: DictConfig, choices: dict[str, str]) -> None:
    """Refuse what the kind of the data, its columns or its order in time can't go with."""
    kind = config.data.kind
    if parts := config.data.get("date_parts"):
        from groundwork.data.readers.dates import check_names  # pandas: not for other runs

        check_names(parts)
    if kind == "image" and config.data.get("inputs") and config.augment.get("mix"):
        raise UserError(
            "augment.mix must be null with data.inputs, because columns of two samples can't be mixed, but it is set. "
            "Set augment.mix=null."
        )
    if config.model.get("kind", kind) != kind:
        raise UserError(
            f"model={choices['model']} must read what the data holds, but it reads the kind {config.model.kind} "
            f"and data={choices['data']} is of kind {kind}. Use model=auto."
        )
    if choices["split"] == "chronological" and config.transfer.folds != 1:
        raise UserError(
            f"transfer.folds={config.transfer.folds} must not go with split=chronological, whose val is younger than "
            f"train. Use transfer.folds=1."
        )


def _check_served(config: DictConfig, task: str) -> None:
    asked = served(config)
    if asked.learns and target_kind(config) == "multilabel":
        key = "calibrate" if asked.calibrate != "none" else "conformal"
        raise UserError(
            f"predict.{key} must go with one class or values per sample, but task={task} has several labels. "
            f"Use predict.{key}={'none' if key == 'calibrate' else 'null'}."
        )


def _check_balance(config: DictConfig, balance: str, task: str) -> None:
    kind = target_kind(config)
    if kind == "regression":
        raise UserError(
            f"balance={balance} must go with task=classification, but the task is {task}. Use balance=none."
        )
    if kind == "multilabel" and balance != "loss_weights":
        raise UserError(
            f"balance={balance} must go with one class per sample, but task={task} has several labels. "
            f"Use balance=loss_weights, which weighs having each label, or balance=none."
        )
    if (config.loss.get("function") or {}).get("class_weights") is not None:
        raise UserError(
            f"balance={balance} must not be combined with class weights in the loss, which would correct twice. "
            f"Remove one of them."
        )


def check_parts(config: DictConfig) -> None:
    """Refuse loggers, arguments of the trainer, callbacks and values that can't be, whatever else was chosen.

    Raises:
        UserError: With the key, the rule and what to change.
    """
    check_logger(config)
    check_trainer(config)
    check_callbacks(config)
    check_values(config)
    check_times(config)


def _check_built(config: DictConfig) -> None:
    """Ask Lightning where only it can tell whether a Trainer can be built; machines of a cluster are others."""
    if not is_plain(config.trainer) and config.cluster.kind != "slurm":
        from groundwork.train.tried import check_built  # torch: not for what needs no trial

        check_built(config)


def _is_usual(config: DictConfig) -> bool:
    """Tell whether optimizer, schedule and augmentation are those of conf/, which need not be tried."""
    schedule, optim = config.schedule, OmegaConf.to_container(config.optim)
    assert isinstance(optim, dict)
    usual: list[Any] = [OmegaConf.load(CONF / "optim" / f"{name}.yaml") for name in ("adamw", "sgd")]
    known = any(all(key in OF_ALL or optim[key] == each.get(key) for key in optim) for each in usual)
    ours = all(each._target_.startswith(f"{PACKAGE}.") for each in (schedule, config.augment))
    return known and ours and "name" not in schedule


def _check_target_scale(config: DictConfig) -> None:
    wanted, activation = config.task.get("target_scale", "none"), config.task.get("activation", "none")
    check_choice("task.target_scale", wanted, ("auto", "none", "log", "quantile"))
    if wanted not in ("auto", "none") and (activation != "none" or config.data.kind == "image"):
        other = f"task.activation={activation}" if activation != "none" else "images"
        raise UserError(
            f"task.target_scale={wanted} must go with tables and task.activation=none, but got {other}. "
            "Use task.target_scale=none."
        )


def _check_adapters(config: DictConfig) -> None:
    """Refuse what adapters on pretrained weights cannot go with."""
    if not config.transfer.get("rank"):
        return
    strategy = config.trainer.get("strategy")
    rules = {
        "model.pretrained=false": config.model.get("pretrained") is False,  # null: not chosen yet
        f"loss.l2_sp={config.loss.get('l2_sp')}, as the backbone never moves": bool(config.loss.get("l2_sp")),
        f"trainer.strategy={strategy}; use trainer=ddp": str(strategy).startswith(("fsdp", "deepspeed")),
    }
    if wrong := [said for said, broken in rules.items() if broken]:
        raise UserError(
            f"transfer=lora must go with pretrained weights that stay whole, not with {wrong[0]}. Change one."
        )


def _check_table(choices: dict[str, str], reuses: bool) -> None:
    if choices["transfer"] not in ("auto", "none") and not reuses:
        raise UserError(
            f"transfer={choices['transfer']} must go with images, but data={choices['data']} is a table. "
            f"Use transfer=none, or model.pretrained=RUN to start from a run of your own."
        )
    if choices["transfer"] == "lora":
        raise UserError(
            f"transfer=lora must go with images, but data={choices['data']} is a table. Use transfer=large_similar."
        )
    if choices["augment"] != "none":
        raise UserError(
            f"augment={choices['augment']} must go with images, but data={choices['data']} is a table. "
            f"Use augment=none."
        )


def check_threshold(config: DictConfig, num_classes: int, num_labels: int) -> None:
    """Refuse a decision threshold where there are neither two classes to decide between nor labels."""
    threshold = config.metrics.get("threshold")
    if num_labels and isinstance(threshold, Sequence) and not isinstance(threshold, str):
        if len(threshold) != num_labels:
            raise UserError(
                f"metrics.threshold must hold a number for each of {num_labels} labels, but holds {len(threshold)}. "
                "Give as many."
            )
    elif threshold is not None and num_classes != 2 and not num_labels:
        raise UserError(
            f"metrics.threshold must go with two classes, but the data has {num_classes or 'no'} classes. "
            f"Use metrics.threshold=null."
        )
