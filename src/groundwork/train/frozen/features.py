"""A frozen backbone -> its features, computed once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from groundwork.core.batch import Split
from groundwork.core.console import Console
from groundwork.core.malloc import return_memory
from groundwork.data import Store, Stream
from groundwork.data.prepared import Prepared
from groundwork.model import Network, weights_hash
from groundwork.train.machine.precision import evaluation_precision
from groundwork.transfer import Candidate, FeatureCache, Plan, StageReader, feature_key, gather

Stages = list[NDArray[np.float32]]
PIXELS = 1_000_000  # of the images that a processor reads at once: eleven of 300 x 300


@dataclass(frozen=True)
class StageFeatures:
    """Hold the pooled features of every stage of a frozen backbone.

    Attributes:
        train: Per stage (N, D_s); the views of the training images one after the other. Behind the stages, (N, W) of
            columns beside the images, which every head reads.
        val: Per stage (M, D_s), of the images as they are.
        spatial: Which stages are maps.
        views: Number of views in `train`.
        val_views: The other views of the val images, where a head learns from them, too.
    """

    train: Stages
    val: Stages
    spatial: tuple[bool, ...]
    views: int
    val_views: Sequence[Stages] = ()

    def of(self, split: Split, candidate: Candidate) -> NDArray[np.float32]:
        """Join what a candidate reads, (N, D); of train the first view only."""
        if split == "train":
            return self.views_of(candidate)[0]
        return gather(self.val, candidate, self.spatial).numpy()

    def both(self) -> Stages:
        """Stack all views of train and then those of val, per stage (V * N + V * M, D_s)."""
        return [np.concatenate(stage) for stage in zip(*self._parts, strict=True)]

    def both_of(self, candidate: Candidate) -> Tensor:
        """Join what a candidate reads of all views of train and then of val, (V * N + V * M, D)."""
        return torch.cat([gather(part, candidate, self.spatial) for part in self._parts])

    @property
    def _parts(self) -> tuple[Stages, ...]:
        return (self.train, self.val, *self.val_views)

    def views_of(self, candidate: Candidate) -> list[NDArray[np.float32]]:
        """Join what a candidate reads of the training images, (N, D) for each view."""
        return np.split(gather(self.train, candidate, self.spatial).numpy(), self.views)


def view_readers(
    config: DictConfig,
    network: Network,
    prepared: Prepared,
    plan: Plan,
    device: torch.device,
    stage: int | None = None,
) -> Iterator[tuple[NDArray[np.int64], dict[str, object], StageReader]]:
    """Give for each view of a plan the rows that it is read of, what its numbers depend on, and who reads them.

    The first view is read of training and val rows, the others of training rows, or of both where a head learns
    from val, too; none of test.

    Args:
        stage: See `StageReader`.
    """
    train, val = prepared.rows["train"], prepared.rows["val"]
    precision = evaluation_precision(config)
    known = {
        "weights": weights_hash(network.backbone),
        "normalize": weights_hash(network.normalize),
        "model": config.model.name,
        "content": getattr(prepared.source, "key", prepared.content_hash),
        "precision": str(precision).removeprefix("torch."),
    }
    network.to(device)
    for symmetry in range(plan.views):
        rows = train if symmetry and not (plan.refits or plan.crosses) else np.concatenate([train, val])
        reader = StageReader(network, prepared.source.batch, device, precision, symmetry, stage)
        yield rows, {**known, "symmetry": symmetry}, reader


def read_features(
    config: DictConfig,
    network: Network,
    prepared: Prepared,
    plan: Plan,
    device: torch.device,
    console: Console,
) -> StageFeatures:
    """Run the backbone over train and val, and over nothing else, unless the cache knows them already."""
    folder, cap_gb = Path(config.paths.cache) / "features", config.paths.cache_gb
    parts: list[Stages] = []
    for rows, known, reader in view_readers(config, network, prepared, plan, device):
        cache = FeatureCache(folder, feature_key(**known), _at_once(config, prepared, device), cap_gb)
        with console.progress("features of the frozen backbone", "images") as bar:
            parts.append([*cache.features(rows, reader, bar), *_columns(network, prepared, rows)])
    return_memory()
    count = len(prepared.rows["train"])
    views = [[stage[:count] for stage in part] for part in parts]
    stacked = [np.concatenate(stage) for stage in zip(*views, strict=True)]
    val, *others = ([stage[count:] for stage in part] for part in parts if len(part[0]) > count)
    return StageFeatures(stacked, val, tuple(network.stem.spatial), plan.views, others)


def _at_once(config: DictConfig, prepared: Prepared, device: torch.device) -> int:
    """Count the images that a network reads together: fewer take no longer on a processor, and less memory."""
    most: int = config.data.batch_size
    if device.type != "cpu" or not isinstance(prepared.source, Store | Stream):
        return most
    height, width = prepared.source.shape[1:]
    return max(1, min(most, PIXELS // (height * width)))


def _columns(network: Network, prepared: Prepared, rows: NDArray[np.int64]) -> Stages:
    """Encode the columns beside some images, (M, W); nothing where there are none."""
    if prepared.table is None:
        return []
    encoded = network.columns(prepared.table.batch(rows).to(next(network.columns.buffers()).device))
    return [encoded.cpu().numpy()]
