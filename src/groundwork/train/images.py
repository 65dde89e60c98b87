"""Samples -> their decoded images; unreadable files stop the run, or are left out by name."""

from pathlib import Path

import numpy as np
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.text import shortlist
from groundwork.data import Samples, Store, Stream, build_store

# Names in one line; audit lists them all.
NAMED = 5


def build_images(config: DictConfig, samples: Samples, console: Console) -> Store | Stream:
    """Decode what can be decoded, and know what cannot."""
    data = config.data
    with console.progress("decoding images", "images") as bar:
        return build_store(
            samples,
            image_size=data.image_size,
            resize=data.resize,
            cache=Path(config.paths.cache),
            workers=0,
            window=data.get("window"),
            max_bytes=int(config.paths.cache_gb * 1e9),
            progress=bar,
            max_pixels=data.get("max_pixels"),
        )


def decode(
    config: DictConfig, samples: Samples, console: Console
) -> tuple[Samples, Store | Stream, list[str]]:
    """Decode the images of all samples, once for all runs.

    Returns:
        The samples that take part, their images in the same order, and a note on those left out.

    Raises:
        UserError: If a file can't be read and `data.unreadable` is error.
    """
    policy = config.data.unreadable
    if policy not in ("error", "drop"):
        raise UserError(f"data.unreadable must be error or drop, but got {policy}. Choose one.")
    store = build_images(config, samples, console)
    if not store.bad:
        return samples, store, []
    named = shortlist((f"{name} ({reason})" for name, reason in store.bad), NAMED, between="; ")
    if policy == "error":
        raise UserError(
            f"every image must be readable, but {len(store.bad)} of {len(samples)} are not: {named}. "
            f"Repair or remove them, or use data.unreadable=drop."
        )
    note = f"{len(store.bad)} of {len(samples)} images cannot be read and are left out: {named}"
    readable = ~samples.sample_id.isin([name for name, _ in store.bad])
    samples = samples.take(np.flatnonzero(readable))
    return samples, build_images(config, samples, console), [note]
