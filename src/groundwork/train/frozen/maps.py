"""A frozen prefix of a network -> its maps, computed once, and the rest of the network that trains on them."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from groundwork.core.ranks import in_turns
from groundwork.model import Network, evaluating
from groundwork.train.context import Context
from groundwork.train.execute import settle_execution
from groundwork.train.frozen.cached import CachedSource, places
from groundwork.train.frozen.features import view_readers
from groundwork.train.plugged import read_augment
from groundwork.transfer import Candidate, MapCache, Plan, feature_key

# Largest difference of the features by parted and by whole network, as a share of the largest, that is rounding.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Maps:
    """Hold the rest of a network and what it trains on.

    Attributes:
        prefix: Number of the first stages that ran once and for all.
        rest: Network that begins after them and shares its modules with the whole one.
        source: Its inputs.
    """

    prefix: int
    rest: Network
    source: CachedSource


def read_maps(
    context: Context, network: Network, plan: Plan, candidate: Candidate, device: torch.device
) -> Maps | None:
    """Run the stages that never train over train and val, once; None, and a line why, where every step runs them.

    Args:
        network: Cut where its head reads, and before any of it was trained.
        plan: Says which stages never train.
        candidate: What the head reads; stages after the first of these can't be cached.
        device: Where the prefix runs.
    """
    config, prepared = context.config, context.prepared
    prefix = min(plan.prefix(network.num_stages), *candidate.stages)
    if prefix == 0 or plan.head_only or prepared.samples.kind != "image":
        return None
    # Maps are stored as finely as training computes, which a measurement may have to settle.
    network.freeze(prefix)
    settle_execution(context, network, prepared.inputs)
    rest = network.after(prefix - 1)
    obstacle = None
    if network.columns is not None:
        obstacle = "the head reads columns beside the image"
    elif read_augment(config).active:
        obstacle = "augment shows every image anew"
    elif rest is None or (shape := _map_shape(context, network, rest, prefix - 1)) is None:
        obstacle = f"{config.model.name} can't go on from the map of a stage"
    elif (size := _gigabytes(context, plan, shape)) > config.paths.cache_gb:
        obstacle = f"its maps take {size:.1f} GB, more than paths.cache_gb={config.paths.cache_gb:g}"
    if obstacle is not None or rest is None:
        context.console.note(f"the frozen stages run at every step, because {obstacle}")
        return None
    with in_turns():
        return Maps(prefix, rest, _source(context, network, plan, prefix - 1, device))


def _source(context: Context, network: Network, plan: Plan, stage: int, device: torch.device) -> CachedSource:
    config, prepared, dtype = context.config, context.prepared, _dtype(context)
    folder, cap_gb = Path(config.paths.cache) / "maps", config.paths.cache_gb
    views: list[NDArray[Any]] = []
    for rows, known, reader in view_readers(config, network, prepared, plan, device, stage):
        digest = hashlib.blake2b(rows.tobytes()).hexdigest()
        key = feature_key(**known, rows=digest, stage=stage, dtype=dtype.__name__)
        cache = MapCache(folder, key, config.data.batch_size, cap_gb)
        with context.console.progress("maps of the frozen stages", "images") as bar:
            views.append(cache.maps(rows, reader, dtype, bar))
    place = places(len(prepared.samples), prepared.rows["train"], prepared.rows["val"])
    return CachedSource(views, place, config.seed)


def _dtype(context: Context) -> type[np.floating[Any]]:
    """Store as finely as training computes: bfloat16 rounds more than float16 does."""
    return np.float32 if context.config.trainer.precision == "32-true" else np.float16


def _map_shape(context: Context, network: Network, rest: Network, stage: int) -> tuple[int, ...] | None:
    """Give the shape (C, H, W) of a stage's map; None unless the rest computes from it what the whole network does."""
    image = context.prepared.source.batch(context.prepared.rows["train"][:2])
    image = image.to(next(network.parameters()).device)
    try:
        with evaluating(network, rest), torch.inference_mode():
            expected = network.features(image)
            (maps,) = network.stem(network.normalize(image), [stage])
            found = rest.features(maps)
    except (RuntimeError, AssertionError, ValueError, TypeError, AttributeError, IndexError):
        return None  # as varied as models are: this one does more between its stages than call modules
    same = (found - expected).abs().max() <= ROUNDING * expected.abs().max()
    return tuple(maps.shape[1:]) if same else None


def _gigabytes(context: Context, plan: Plan, shape: tuple[int, ...]) -> float:
    rows = context.prepared.rows
    count = plan.views * len(rows["train"]) + len(rows["val"])
    return math.prod(shape) * np.dtype(_dtype(context)).itemsize * count / 1e9
