"""The group `logger` of the first edition -> that of today."""

from typing import Any

# Keys that all loggers shared, and what W&B did without them.
SHARED: dict[str, Any] = {
    "upload": ["metrics", "config", "curves"],
    "group": None,
    "job_type": None,
    "wait": 10,
}
OWN: dict[str, Any] = {"name": None, "tags": []}
GRADIENTS = "groundwork.train.Gradients"


def logger_of_today(content: dict[str, Any]) -> dict[str, Any]:
    """Move the keys that all loggers shared to W&B, and `gradients` to the callbacks; anything else stays as it is.

    Args:
        content: A saved configuration, in plain types; it is not changed.
    """
    logger = content.get("logger")
    if not isinstance(logger, dict) or not set(SHARED) & set(logger):
        return content
    kept = {name: node for name, node in logger.items() if name not in (*SHARED, "gradients")}
    if isinstance(wandb := kept.get("wandb"), dict):
        kept["wandb"] = SHARED | OWN | wandb | {name: logger[name] for name in SHARED if name in logger}
    content = content | {"logger": kept}
    callbacks = content.get("callbacks")
    if logger.get("gradients") and kept and isinstance(callbacks, dict):
        extra = (callbacks.get("extra") or {}) | {
            "gradients": {"_target_": GRADIENTS, "every": logger["gradients"]}
        }
        content["callbacks"] = callbacks | {"extra": extra}
    return content


def logger_overrides_of_today(overrides: list[str]) -> list[str]:
    """Move overrides likewise, such as `logger.upload=[metrics]`; without W&B they had no effect, and are left out."""
    has_wandb = any(word.startswith("logger=") and "wandb" in word for word in overrides)
    moved = []
    for word in overrides:
        key, _, value = word.partition("=")
        name = key.removeprefix("logger.")
        if key == "logger.gradients":
            if value not in ("null", "0", "") and any(word.startswith("logger=") for word in overrides):
                moved.append(f"+callbacks.extra.gradients={{_target_: {GRADIENTS}, every: {value}}}")
        elif key == f"logger.{name}" and name in SHARED:
            moved += [f"logger.wandb.{name}={value}"] if has_wandb else []
        else:
            moved.append(word)
    return moved
