"""A checkpoint -> the network that it holds, the same in tests, predictions and exports."""

import hashlib
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.errors import UserError, first_line
from groundwork.core.instantiate import instantiate
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import checked_config
from groundwork.model import Network, merge
from groundwork.train.build import build_network, build_pretrained
from groundwork.train.checkpoint import load_model
from groundwork.train.checkpoint.weights import network_state
from groundwork.train.custom import own_data, own_module
from groundwork.train.served import served
from groundwork.train.warm import read_warm
from groundwork.transfer import Plan


def refuse_own(folder: RunFolder) -> None:
    """Refuse a run whose module this package cannot build a network of.

    Raises:
        UserError: In one line.
    """
    if named := own_module(folder.config) or own_data(folder.config):
        raise UserError(
            f"run={folder.path} must be of data and a task of groundwork, but {named} is a module of your own. Load it "
            f"by its load_from_checkpoint from {folder.best.name}."
        )


def load_network(folder: RunFolder) -> Network:
    """Build the network of a run from its best checkpoint alone.

    Raises:
        UserError: If the checkpoint does not hold the network that it describes.
    """
    refuse_own(folder)
    checkpoint = load_model(folder.best)
    return network_of(checkpoint, checked_config(checkpoint["config"], folder.best), folder.best)


def network_of(checkpoint: dict[str, Any], config: DictConfig, path: Path) -> Network:
    """Build the network that a checkpoint holds.

    Args:
        checkpoint: See `load_model`.
        config: Of the checkpoint, checked.
        path: Of the checkpoint.

    Raises:
        UserError: If the checkpoint does not hold the network that it describes.
    """
    try:
        reads = checkpoint["reads"]
        network = build_network(config, checkpoint["data"], False, (reads["stages"], reads["pool"]))
        if OmegaConf.select(config, "transfer.rank"):
            network = _on_base(network, config, checkpoint["data"], path)
        network.load_state_dict(network_state(checkpoint))
        merge(network)
        network.temperature, network.views = float(checkpoint.get("temperature") or 1.0), served(config).views
    except UserError:
        raise
    except Exception as error:  # whatever a foreign or changed description leads to
        raise UserError(
            f"{path} must hold the network that it describes, but: {first_line(error)} Restore it, or repeat the run."
        ) from error
    return network.eval()


def _on_base(network: Network, config: DictConfig, data: dict[str, Any], path: Path) -> Network:
    """Give a network the weights that its adapters, which are all that the checkpoint holds, were trained on."""
    folder = RunFolder(path.parent.parent)
    warm = read_warm(folder, config) if folder.pretrained.is_file() else None
    whole = build_pretrained(config, data, warm).backbone.state_dict()
    network.backbone.load_state_dict({name: whole[name] for name in network.backbone.state_dict()})
    plan: Plan = instantiate(config.transfer, _convert_="all")
    return plan.adapt(network)


def file_hash(path: Path) -> str:
    """Hash the content of a file."""
    if not path.is_file():
        raise UserError(f"{path} must be there, but is not. Resume or repeat the run.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
