"""A network <-> its tensors in a checkpoint."""

from typing import Any

from torch import Tensor

from groundwork.model import Network

BEGINNING = "network."  # of the names that a task gives them


def network_state(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    """Take the network's tensors out of a checkpoint."""
    state: dict[str, Tensor] = checkpoint["state_dict"]
    return {
        name.removeprefix(BEGINNING): value for name, value in state.items() if name.startswith(BEGINNING)
    }


def checkpoint_state(network: Network) -> dict[str, Tensor]:
    """Name the network's tensors as a checkpoint does, on the processor."""
    return {f"{BEGINNING}{name}": value.cpu() for name, value in network.state_dict().items()}
