"""Names of the first edition -> today's, wherever its run folders, its overrides or its habits come back."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from omegaconf import OmegaConf

from groundwork.core.paths import CONF

# Keys that moved, old name -> new name.
RENAMED = {
    "trainer.accumulate": "trainer.accumulate_grad_batches",
    "trainer.gradient_clip": "trainer.gradient_clip_val",
    "trainer.memory_format": "execution.memory_format",
    "trainer.threads": "execution.threads",
    "trainer.compile": "execution.compile",
    "trainer.resident": "execution.resident",
    "trainer.grad_checkpointing": "execution.grad_checkpointing",
    "callbacks.patience": "callbacks.early_stopping.patience",
    "callbacks.ema": "callbacks.ema.decay",
    "callbacks.check_finite_every": "callbacks.finite.every",
    "callbacks.skip_nonfinite": "callbacks.finite.skip",
    "callbacks.checkpoint_minutes": "callbacks.checkpoint.minutes",
    "callbacks.train_metrics": "callbacks.history.train_metrics",
}
EXTRA = "callbacks.extra"  # name -> callback; these stand directly in `callbacks` now
# What stood in no configuration then, since nobody could change it.
CALLBACKS = {
    "early_stopping": "groundwork.train.EarlyStopping",
    "ema": "lightning.pytorch.callbacks.EMAWeightAveraging",
    "finite": "groundwork.train.CheckFinite",
    "history": "groundwork.train.History",
    "progress": "groundwork.train.ProgressBar",
    "checkpoint": "groundwork.train.KeepBestAndLast",
}
# Arguments of the Trainer that stood in `trainer` then.
THEN = ("accelerator", "devices", "num_nodes", "precision", "max_epochs", "val_every_n_steps")
PILOTS = {"pilot": False, "pilot_epochs": 3}  # of its advice; `transfer.budget` says more today
# Keys and groups that it did not know, as they change nothing.
SINCE = {
    "task.target_scale": "none",
    "data.num_workers": None,
    "data.rare_below": None,
    "data.drop_samples": None,
    "data.label_separator": None,
    "suspects": False,
    "report.map": False,
    "data.group": None,  # of data whose reader takes no group: there it says `auto` alone
}
BESIDE = ("inputs", "categorical")
NEW_GROUPS = {"predict": "predict/default.yaml"}
NEW_CHOICES = (("execution", "auto"), ("predict", "default"))
# Classes that moved, below the name of the package.
MOVED = {
    "optim.AdamW": "torch.optim.AdamW",
    "optim.SGD": "torch.optim.SGD",
    "run.FindRate": "groundwork.train.FindRate",
    "run.Profile": "groundwork.train.Profile",
    "run.TensorBoard": "groundwork.track.TensorBoard",
    "run.Wandb": "groundwork.track.Wandb",
}


def renamed(key: str) -> str | None:
    """Give today's name of a key of the first edition, None for any other key."""
    if key.startswith(f"{EXTRA}."):
        return f"callbacks.{key.removeprefix(f'{EXTRA}.')}"
    return RENAMED.get(key)


def hint(key: str) -> str | None:
    """Say in one line what a key of the first edition is called now, None for any other key."""
    if key in PILOTS:
        return f"{key} is gone: networks that train compete within transfer.budget. Write transfer.budget=MINUTES."
    if key == EXTRA:
        return "callbacks.extra.NAME is now callbacks.NAME. Write +callbacks.NAME={_target_: ...}."
    new = renamed(key)
    return f"{key} is now {new}. Write {new}." if new else None


def translated_override(override: str) -> str:
    """Give an override under today's names; `+` and `~` before it stay."""
    match = re.match(r"([+~]*)([\w.]+)(=.*)?$", override, flags=re.DOTALL)
    if not match or (match[2] == "callbacks.ema" and (match[3] or "").startswith("={")):
        return override
    new = renamed(match[2])
    return f"{match[1]}{new}{match[3] or ''}" if new else override


def translated_config(config: dict[str, Any]) -> dict[str, Any]:
    """Give the content of a `config.yaml` under today's names; one that has them is returned as it is."""
    trainer, callbacks = config.get("trainer"), config.get("callbacks")
    if isinstance(callbacks, dict) and "extra" in callbacks:
        extra = callbacks.pop("extra")
        old = {name: value for name, value in callbacks.items() if f"callbacks.{name}" in RENAMED}
        config["callbacks"] = _bare()
        for name, value in old.items():
            _set(config, RENAMED[f"callbacks.{name}"], value)
        config["callbacks"] |= extra
    if isinstance(trainer, dict) and "_target_" not in trainer:
        config["trainer"] = _plain("trainer/_common.yaml")
        for name, value in trainer.items():
            _set(config, RENAMED.get(f"trainer.{name}", f"trainer.{name}"), value)
    return config


def as_first_edition(config: dict[str, Any]) -> dict[str, Any]:
    """Write a configuration as the first edition did, so that its sweeps are recognized by their hash.

    What that edition did not know is left out where it is as `conf/` has it.

    Args:
        config: Content of a composed configuration; changed in place.
    """
    removed = {f"~{name}": None for name in CALLBACKS if name not in config["callbacks"]}
    plain = {"callbacks": _plain("callbacks/default.yaml"), "trainer": _plain("trainer/_common.yaml")}
    old = {old: _pop(config, new) for old, new in RENAMED.items()}
    for group, known in plain.items():
        config[group] = {
            name: value for name, value in config[group].items() if value != known.get(name, ...)
        }
    bare = _bare()
    today = {**bare, "ema": {"_target_": plain["callbacks"]["ema"]["_target_"]}}  # warms up by now
    own = {
        name: node
        for name, node in config["callbacks"].items()
        if node not in (bare.get(name), today.get(name))
    }
    config["callbacks"] = {"extra": own | removed}
    for name in THEN:
        config["trainer"].setdefault(name, plain["trainer"][name])
    for key, value in old.items():
        _set(config, key, value)
    if (config.get("transfer") or {}).get("budget") == "auto":
        _pop(config, "transfer.budget")
        config |= PILOTS
    config = without_new(config)
    if not config.get("execution"):
        config.pop("execution", None)
    ours = {new: f"groundwork.{old}" for old, new in MOVED.items() if old.startswith("optim.")}
    if isinstance(optim := config.get("optim"), dict) and optim.get("_target_") in ours:
        optim["_target_"] = ours[optim["_target_"]]
    return config


def translated_checkpoint(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Give a checkpoint of training as today's callbacks read it: patience had no callback of its own."""
    states = checkpoint.get("callbacks", {})
    keep = states.get("KeepBestAndLast", {})
    if "waited" in keep and "EarlyStopping" not in states:
        states["EarlyStopping"] = {"waited": keep["waited"], "best": keep["best_value"]}
    return checkpoint


def _bare() -> dict[str, dict[str, Any]]:
    """Give the callbacks without the arguments that the first edition let one set."""
    bare: dict[str, dict[str, Any]] = {name: {"_target_": target} for name, target in CALLBACKS.items()}
    bare["early_stopping"]["min_delta"] = 0.0
    return bare


@cache
def _text(file: str) -> str:
    return (CONF / file).read_text(encoding="utf-8")


def _plain(file: str) -> dict[str, Any]:
    content: Any = OmegaConf.to_container(OmegaConf.create(_text(file)))
    return dict(content)


def without_new(config: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the content of a configuration without keys that are newer than it may be, where they change nothing."""
    new = {group for group, file in NEW_GROUPS.items() if config.get(group) == _plain(file)}
    kept = {key: value for key, value in config.items() if key not in new}
    for key, plainly in SINCE.items():
        group, _, name = key.rpartition(".")
        node = kept.get(group) if group else kept
        if (
            isinstance(node, Mapping)
            and node.get(name, ...) == plainly
            and name not in (node.get("reader") or {})
        ):
            rest = {other: value for other, value in node.items() if other != name}
            kept = {**kept, group: rest} if group else rest
    return _without_arguments(kept)


def _without_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """Leave out arguments of readers that change nothing: columns beside images, which tables always had, and dates."""
    data = config.get("data")
    if not isinstance(data, Mapping):
        return config
    new = set() if data.get("date_parts") else {"date_parts"}
    if data.get("kind") == "image" and not any(data.get(name) for name in BESIDE):
        new |= {*BESIDE}
    plain = {key: value for key, value in data.items() if key not in new}
    if isinstance(reader := plain.get("reader"), Mapping):
        plain["reader"] = {key: value for key, value in reader.items() if key not in new}
    return {**config, "data": plain}


def _pop(content: dict[str, Any], key: str) -> Any:
    *above, last = key.split(".")
    for name in above:
        content = content.get(name) or {}
    return content.pop(last, None)


def _set(content: dict[str, Any], key: str, value: Any) -> None:
    *above, last = key.split(".")
    for name in above:
        content = content.setdefault(name, {})
    content[last] = value
