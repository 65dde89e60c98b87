"""Keys -> the values that they may have, so that a wrong one is told before anything is read or imported."""

from omegaconf import DictConfig, ListConfig, OmegaConf

from groundwork.core.batch import VIEWS
from groundwork.core.errors import UserError
from groundwork.core.ranges import check_range
from groundwork.launch.config.schema_types import Schema, any_of
from groundwork.launch.config.values import check_value

SWITCH = (True, False)
# Hydra takes `2` and `true` for others than words.
WORD = any_of([{"type": "string"}, {"type": "number"}, {"type": "boolean"}])
# Values that a key takes, where no folder of conf/ lists them.
VALUES = {
    "execution.memory_format": ("auto", "contiguous", "channels_last"),
    "execution.resident": ("auto", True, False),
    "execution.compile": ("auto", True, False),
    "execution.grad_checkpointing": SWITCH,
    "trainer.accelerator": ("auto", "cpu", "gpu", "cuda", "mps"),
    "trainer.precision": ("auto", "32-true", "bf16-mixed", "16-mixed"),
    "trainer.gradient_clip_algorithm": (None, "norm", "value"),
    "report.map": SWITCH,
    "transfer.refit": SWITCH,
    "transfer.views": VIEWS,
}
# Likewise, where not every option has the key.
SOME = {
    "data.resize": ("crop", "pad", "squash"),
    "data.unreadable": ("error", "drop"),
}
# What keys may be that are null in every file, which shows no type.
TYPES: dict[str, Schema] = {
    "cluster.account": {"type": "string"},
    "cluster.extra": {"type": "object"},
    "cluster.memory": any_of([{"type": "string"}, {"type": "integer"}]),
    "cluster.partition": {"type": "string"},
    "data.classes": {"type": "array"},
    "data.drop_samples": {"type": "string"},
    "data.group": WORD,
    "data.label_separator": {"type": "string"},
    "data.positive_above": {"type": "number"},
    "data.positive_class": WORD,
    "data.window": {"type": "array", "items": {"type": "number"}},
    "metrics.positive": WORD,
    "metrics.top_k": {"type": "array", "items": {"type": "integer"}},
    "paths.cache": WORD,
    "paths.data": WORD,
    "paths.runs": WORD,
    "predict.per": WORD,
    "transfer.phases": {"type": "array", "items": {"type": "object"}},
}
# Intervals of whole numbers, and of others. Null, auto and last may stand where conf/ says so, as may keys that an
# option doesn't have; a list is checked by what is built of it.
WHOLE = {
    "seed": "(-inf, inf)",
    "split.seed": "(-inf, inf)",
    "data.image_size": "[1, inf)",
    "data.max_pixels": "[1, inf)",
    "data.num_workers": "[0, inf)",
    "data.rare_below": "[1, inf)",
    "augment.num_operations": "[0, inf)",
    "cluster.jobs": "[1, inf)",
    "cluster.nodes": "[1, inf)",
    "cluster.gpus_per_node": "[0, inf)",
    "cluster.tasks_per_node": "[1, inf)",
    "cluster.cpus_per_task": "[1, inf)",
    "cluster.signal_seconds": "[1, inf)",
    "execution.threads": "[1, inf)",
    "metrics.resamples": "[1, inf)",
    "model.k": "[1, inf)",
    "model.usual_epochs": "[1, inf)",
    "model.width": "[1, inf)",
    "model.depth": "[1, inf)",
    "model.number_width": "[1, inf)",
    "model.embedding_width": "[1, inf)",
    "transfer.cut": "[0, inf)",
    "transfer.frozen": "[0, inf)",
    "transfer.folds": "[1, inf)",
    "transfer.rank": "[1, inf)",
    "trainer.max_epochs": "[1, inf)",
    "trainer.max_steps": "[-1, inf)",
    "trainer.min_epochs": "[0, inf)",
    "trainer.min_steps": "[0, inf)",
    "trainer.devices": "[1, inf)",
    "trainer.num_nodes": "[1, inf)",
    "trainer.accumulate_grad_batches": "[1, inf)",
    "trainer.check_val_every_n_epoch": "[1, inf)",
    "trainer.val_every_n_steps": "[1, inf)",
    "trainer.log_every_n_steps": "[0, inf)",
    "trainer.num_sanity_val_steps": "[-1, inf)",
    "trainer.reload_dataloaders_every_n_epochs": "[0, inf)",
    "callbacks.early_stopping.patience": "[1, inf)",
    "callbacks.finite.every": "[1, inf)",
    "callbacks.finite.skip": "[0, inf)",
}
OTHERS = {
    "augment.horizontal_flip": "[0, 1]",
    "augment.vertical_flip": "[0, 1]",
    "augment.rotation": "[0, 180]",
    "augment.brightness": "[0, inf)",
    "augment.contrast": "[0, inf)",
    "augment.saturation": "[0, inf)",
    "augment.magnitude": "[0, 1]",
    "augment.erase": "[0, 1]",
    "augment.mix.mixup_alpha": "[0, inf)",
    "augment.mix.cutmix_alpha": "[0, inf)",
    "augment.mix.prob": "[0, 1]",
    "augment.mix.switch_prob": "[0, 1]",
    "metrics.threshold": "(0, 1)",
    "model.frequency_scale": "(0, inf)",
    "model.usual_lr": "(0, inf)",
    "optim.lr": "(0, inf)",
    "optim.weight_decay": "[0, inf)",
    "optim.layer_decay": "(0, 1]",
    "trainer.gradient_clip_val": "(0, inf)",
    "trainer.limit_train_batches": "(0, inf)",
    "trainer.limit_val_batches": "(0, inf)",
    "trainer.limit_test_batches": "(0, inf)",
    "trainer.limit_predict_batches": "(0, inf)",
    "trainer.overfit_batches": "[0, inf)",
    "trainer.val_check_interval": "(0, inf)",
    "transfer.budget": "(0, inf)",
    "transfer.alpha": "(0, inf)",
    "callbacks.early_stopping.min_delta": "[0, inf)",
    "callbacks.ema.decay": "(0, 1)",
    "callbacks.checkpoint.minutes": "[0, inf)",
}
# Of these, what is no whole number of batches is a share of them all.
SHARES = (
    *(f"trainer.limit_{part}_batches" for part in ("train", "val", "test", "predict")),
    "trainer.overfit_batches",
    "trainer.val_check_interval",
)
# Of the numbers of a list.
EACH = {
    "augment.ratio": "(0, inf)",
    "augment.scale": "(0, 1]",
    "metrics.top_k": "[1, inf)",
    "model.hidden": "[1, inf)",
    "transfer.strengths": "(0, inf)",
}
DECIMAL = ("augment.ratio", "augment.scale", "transfer.strengths")  # of these, others than whole numbers
PAIRS = ("augment.ratio", "augment.scale", "data.window")
LISTS = ("metrics.threshold", "trainer.devices", "transfer.cut")  # several may be given
NEVER_NULL = ("seed", "metrics.resamples", "trainer.max_epochs", "trainer.accumulate_grad_batches")
WORDS = {
    "cluster.cpus_per_task": ("auto",),
    "execution.threads": ("auto",),
    "metrics.threshold": ("auto",),
    "model.k": ("auto",),
    "model.number_width": ("auto",),
    "model.width": ("auto",),
    "transfer.cut": ("auto", "last"),
    "transfer.frozen": ("all",),
    "trainer.devices": ("auto",),
    "transfer.budget": ("auto",),
}
PACKAGE = __name__.partition(".")[0]


def check_values(config: DictConfig) -> None:
    """Refuse values that no run can have.

    Raises:
        UserError: With the key, what it may be, and what it is.
    """
    some = {key: values for key, values in SOME.items() if OmegaConf.select(config, key) is not None}
    for key, values in (VALUES | some).items():
        value = OmegaConf.select(config, key)
        if (type(value), value) not in [(type(each), each) for each in values]:  # 1 is not true
            choices = ", ".join(map(_typed, values))
            allowed = "true or false" if values == SWITCH else f"one of {choices}"
            raise UserError(f"{key} must be {allowed}, but got {_typed(value)}. Choose one.")
    for key, schema in TYPES.items():
        if (value := OmegaConf.select(config, key)) is not None and _is_ours(config, key):
            plain = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
            check_value(key, plain, schema)
    for key, interval in (WHOLE | OTHERS).items():
        value = OmegaConf.select(config, key)
        if (
            (value is None and key not in NEVER_NULL)
            or (isinstance(value, ListConfig) and key in LISTS)
            or (isinstance(value, DictConfig) and "_target_" in value)
            or not _is_ours(config, key)
        ):
            continue
        if key in SHARES and isinstance(value, str):
            continue  # a time, which Lightning reads
        check_range(key, value, interval, whole=key in WHOLE, words=WORDS.get(key, ()))
        if key in SHARES and isinstance(value, float) and value > 1:
            raise UserError(f"{key} must be a share up to 1.0 or a whole number, but got {value}. Change it.")
    for unit in ("epochs", "steps"):
        least, most = (config.trainer.get(f"{end}_{unit}") for end in ("min", "max"))
        if least is not None and most not in (None, -1) and least > most:
            raise UserError(
                f"trainer.min_{unit}={least} must be at most trainer.max_{unit}={most}. Lower the first, or raise the "
                "second."
            )
    for key, interval in EACH.items():
        for one in OmegaConf.select(config, key) or () if _is_ours(config, key) else ():
            check_range(f"each number of {key}", one, interval, whole=key not in DECIMAL)
    for key in PAIRS:
        pair = OmegaConf.select(config, key)
        if pair is not None and _is_ours(config, key) and not (len(pair) == 2 and pair[0] <= pair[1]):
            raise UserError(f"{key} must be [LOWEST, HIGHEST], but got {list(pair)}. Correct it.")
    if OmegaConf.select(config, "transfer.strengths") == []:
        raise UserError("transfer.strengths must hold one number or more, but got none. Add one.")


def _is_ours(config: DictConfig, key: str) -> bool:
    """Tell whether a key belongs to a part of ours; a class of the user's own may mean something else by it."""
    group = key.partition(".")[0]
    if group not in ("augment", "data", "model"):
        return True
    target = (
        config[group].get("_target_") or OmegaConf.select(config, f"{group}.backbone._target_") or PACKAGE
    )
    return str(target).partition(".")[0] == PACKAGE


def _typed(value: object) -> str:
    return "null" if value is None else str(value).lower()
