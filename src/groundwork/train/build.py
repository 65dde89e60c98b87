"""A configuration and what the data told -> the network of a run, the same in training, test and prediction."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.instantiate import instantiate
from groundwork.core.timm_names import is_hub
from groundwork.data.prepared import Prepared
from groundwork.model import Network, read_hub
from groundwork.model.build import build_head, build_network
from groundwork.train.warm import Warm, load_backbone

__all__ = ["build_head", "build_network", "build_pretrained", "describe_data"]


def describe_data(config: DictConfig, prepared: Prepared, warm: Warm | None = None) -> dict[str, Any]:
    """Collect in plain types what a network must know of the data; the rest of the code reads this, not the data.

    Returns:
        kind, target (its state), and for images `image` (size (C, H, W), mean, std or None for the backbone's
        own), for tables `columns` (their state), for regression `center` and `scale` of each target on train;
        `backbone` (stages, in_chans) where it is that of a run of one's own; `hub` where `model.name` is of one.
    """
    described = prepared.describe(
        instantiate(config.normalize),
        bool(OmegaConf.select(config, "model.pretrained")),
        config.data.get("resize"),
        config.data.get("window"),
    )
    if is_hub(str(config.model.name)):
        described["hub"] = read_hub(config.model.name)
    if warm is not None:
        described["backbone"] = warm.describe()
        if "image" in described and described["image"]["mean"] is None:
            described["image"] |= {"mean": warm.mean, "std": warm.std}
    return described


def build_pretrained(config: DictConfig, data: dict[str, Any], warm: Warm | None) -> Network:
    """Build the network of a run with the weights that it starts from: those of a run of one's own, or any others."""
    network = build_network(config, data, warm is None, None)
    if warm is not None:
        load_backbone(network, warm)
    return network
