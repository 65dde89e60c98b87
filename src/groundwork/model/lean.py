"""timm without what only its own training script needs; every other module of this room comes after this one."""

from groundwork.core.patches import hidden

with hidden("wandb"):
    import timm  # noqa: F401
