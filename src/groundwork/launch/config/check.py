"""A configuration -> what contradicts itself, before any data is read, and what has no effect on this run."""

from collections.abc import Iterable

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.ranges import check_range
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.pretrained import check_pretrained
from groundwork.track.check import check_logger
from groundwork.train.custom import target_kind

LOSS_TASK = {
    "cross_entropy": "classification",
    "focal": "classification",
    "mse": "regression",
    "mae": "regression",
    "huber": "regression",
}
# Keys that only gradient descent reads: an exact head knows neither rate nor epoch; and those of the exact head.
DESCENT_KEYS = ("optim", "schedule", "callbacks", "trainer.max_epochs", "trainer.val_every_n_steps",
                "trainer.grad_checkpointing", "trainer.gradient_clip", "trainer.accumulate", "trainer.compile",
                "seed")  # fmt: skip
SOLVER_KEYS = ("transfer.strengths",)
# Values that a key takes, where no folder of conf/ lists them.
VALUES = {
    "trainer.memory_format": ("auto", "contiguous", "channels_last"),
    "trainer.resident": ("auto", True, False),
    "trainer.compile": ("auto", True, False),
    "trainer.precision": ("auto", "32-true", "bf16-mixed", "16-mixed"),
}
# Intervals of whole numbers, and of others, that nothing checks when it is built; None may stand where null does.
WHOLE = {
    "seed": "(-inf, inf)",
    "split.seed": "(-inf, inf)",
    "pilot_epochs": "[1, inf)",
    "metrics.resamples": "[1, inf)",
    "trainer.max_epochs": "[1, inf)",
    "trainer.accumulate": "[1, inf)",
    "callbacks.patience": "[1, inf)",
    "callbacks.check_finite_every": "[1, inf)",
    "callbacks.skip_nonfinite": "[0, inf)",
}
OTHERS = {
    "trainer.gradient_clip": "(0, inf)",
    "callbacks.ema": "(0, 1)",
    "callbacks.checkpoint_minutes": "[0, inf)",
}
NULLABLE = ("callbacks.patience", "split.seed", *OTHERS)  # not every split has a seed
SWITCHES = ("trainer.grad_checkpointing", "transfer.refit")


def check_combination(composition: Composition) -> None:
    """Refuse choices that contradict each other.

    Raises:
        UserError: With the choices, the rule and what to change.
    """
    config, choices = composition.config, composition.choices
    check_logger(config)
    _check_values(config)
    if "search" in choices:
        raise UserError(
            f"search={choices['search']} must go with scripts/search.py. Start that, or leave it out."
        )
    kind, task, loss = config.data.kind, config.task.name, config.loss.name
    if task == "auto":
        task = config.data.task or "auto"
    suited = LOSS_TASK.get(loss)
    if suited is not None and task in LOSS_TASK.values() and suited != task:
        raise UserError(
            f"loss={loss} must go with task={suited}, but the task is {task}. Change one of them."
        )
    if choices["balance"] != "none":
        if target_kind(config) == "regression":
            raise UserError(
                f"balance={choices['balance']} must go with task=classification, but the task is {task}. "
                f"Use balance=none."
            )
        if (config.loss.get("function") or {}).get("class_weights") is not None:
            raise UserError(
                f"balance={choices['balance']} must not be combined with class weights in the loss, which would "
                f"correct twice. Remove one of them."
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
    check_pretrained(config)
    if kind == "table":
        _check_table(choices, bool(config.model.get("pretrained")))


def _check_values(config: DictConfig) -> None:
    for key, values in VALUES.items():
        value = OmegaConf.select(config, key)
        if (type(value), value) not in [(type(each), each) for each in values]:  # 1 is not true
            raise UserError(
                f"{key} must be one of {', '.join(map(str, values)).lower()}, but got {value}. Choose one."
            )
    for key, interval in (WHOLE | OTHERS).items():
        value = OmegaConf.select(config, key)
        if value is not None or key not in NULLABLE:
            check_range(key, value, interval, whole=key in WHOLE)
    for key in SWITCHES:
        if not isinstance(value := OmegaConf.select(config, key), bool):
            raise UserError(f"{key} must be true or false, but got {value}. Choose one.")


def _check_table(choices: dict[str, str], reuses: bool) -> None:
    if choices["transfer"] not in ("auto", "none") and not reuses:
        raise UserError(
            f"transfer={choices['transfer']} must go with images, but data={choices['data']} is a table. "
            f"Use transfer=none, or model.pretrained=RUN to start from a run of your own."
        )
    if choices["augment"] != "none":
        raise UserError(
            f"augment={choices['augment']} must go with images, but data={choices['data']} is a table. "
            f"Use augment=none."
        )


def check_threshold(config: DictConfig, num_classes: int) -> None:
    """Refuse a decision threshold where there are not two classes to decide between."""
    if config.metrics.get("threshold") is not None and num_classes != 2:
        raise UserError(
            f"metrics.threshold must go with two classes, but the data has {num_classes or 'no'} classes. "
            f"Use metrics.threshold=null."
        )


def derived_choices(config: DictConfig, task: str) -> dict[str, str | None]:
    """Say what `auto` means once the kind of data and the task are known; None leaves it open."""
    is_image = config.data.kind == "image"
    named = config.model.get("pretrained")
    reuses = is_image if named is None else named
    return {
        "task": task,
        "model": "efficientnet_lite0" if is_image else "mlp",
        "transfer": (None if reuses else "scratch") if is_image else ("large_similar" if reuses else "none"),
    }


def idle_keys(
    overrides: Iterable[str], solves: bool, trains: bool, crosses: bool, augments: bool, stays: bool
) -> list[str]:
    """Name the keys set by hand that have no effect on this run.

    Args:
        overrides: As typed, without what an experiment sets.
        solves: Whether a head is solved, be it only to say where to cut.
        trains: Whether anything is trained by gradient descent.
        crosses: Whether folds may choose what is solved.
        augments: Whether images are changed by chance, which takes the place of fixed views.
        stays: Whether samples are such, and where, that they could stay in the memory of a GPU.
    """
    idle = (
        *(() if trains else DESCENT_KEYS),
        *(() if solves else SOLVER_KEYS),
        *(() if crosses else ("transfer.folds",)),
        *(("transfer.refit",) if trains else ()),
        *(("transfer.views",) if augments else ()),
        *(() if trains and stays else ("trainer.resident",)),
    )
    keys = [override.partition("=")[0].lstrip("+~") for override in overrides]
    return [key for key in keys if any(key == own or key.startswith(f"{own}.") for own in idle)]
