"""A configuration and its data -> how many parameters a run would train."""

from typing import Any

from omegaconf import DictConfig

from groundwork.data import Store, Stream
from groundwork.run.build import build_network
from groundwork.run.prepare import Prepared

FROZEN = ("auto", "small_similar", "small_different")  # scenarios that train the head alone


def count_trainable(config: DictConfig, prepared: Prepared) -> int:
    """Count what a run would train: the head of a frozen network, or all."""
    data: dict[str, Any] = {"kind": prepared.samples.kind, "target": prepared.target.state()}
    num_targets = len(prepared.target.names)
    data |= {"center": [0.0] * num_targets, "scale": [1.0] * num_targets}
    if isinstance(prepared.source, Store | Stream):
        data["image"] = {"shape": list(prepared.source.shape), "mean": [0.5], "std": [0.5]}
    else:
        assert prepared.columns is not None
        data["columns"] = prepared.columns.state()
    network = build_network(config, data, pretrained=False, reads=None)
    parts = network.head if config.transfer.scenario in FROZEN else network
    return sum(parameter.numel() for parameter in parts.parameters())
