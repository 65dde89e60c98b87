"""A configuration -> which of some keys have no effect on its run, as far as is known before any data is read."""

from collections.abc import Sequence

from omegaconf import DictConfig

from groundwork.core.instantiate import instantiate
from groundwork.train.idle import idle_keys

# A frozen backbone has neither rates by layer nor branches to skip.
BACKBONE_KEYS = ("optim.layer_decay", "model.drop_path")


def idle_in(config: DictConfig, keys: Sequence[str]) -> list[str]:
    """Name the keys without effect on a run whose transfer is one scenario, not auto."""
    from groundwork.train.plugged import read_augment  # torch: not before the overrides are understood

    head_only = instantiate(config.transfer, _convert_="all").head_only
    solved = solves(config)
    idle = idle_keys(
        keys,
        solves=solved,
        trains=not (head_only and solved),
        crosses=solved and head_only,
        augments=read_augment(config).active,
        stays=True,
    )
    return [key for key in keys if key in idle or (head_only and key in BACKBONE_KEYS)]


def is_exact(config: DictConfig) -> bool:
    """Tell whether a run solves its head and trains nothing else."""
    return bool(instantiate(config.transfer, _convert_="all").head_only) and solves(config)


def solves(config: DictConfig) -> bool:
    """Tell whether a run solves its head, whatever it trains then."""
    from groundwork.train.frozen.exact import why_not_exact  # torch: not before the overrides are understood

    plan = instantiate(config.transfer, _convert_="all")
    return config.data.kind == "image" and why_not_exact(config, plan) is None
