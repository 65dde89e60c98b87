"""Shards that convert.py wrote -> samples."""

from __future__ import annotations

import hashlib
from os import getpid
from pathlib import Path
from uuid import uuid4

from pandas import DataFrame, RangeIndex

from groundwork.core.cache import kind_folders, limit_cache, touch
from groundwork.core.errors import UserError, one_line
from groundwork.data.images import with_reasons
from groundwork.data.order import STREAMS
from groundwork.data.samples import Samples
from groundwork.data.shards.place import Place, is_remote, provider
from groundwork.data.shards.shards import INDEX, TARGET, Shards

CONVERT = "Write them: convert.py data=image_folder data.root=FOLDER shards=SHARDS."
KEPT = 2 * STREAMS  # chunks that the cache must hold: those that are open, and those that come next


def read_shards(url: str | None, cache: str | Path, cache_gb: float) -> Samples:
    """Read what is known of each sample; its image stays where it is until a batch asks for it.

    Args:
        url: Folder of shards, or its address, such as s3://bucket/birds.
        cache: Folder of all caches on this machine, where chunks of an address are kept.
        cache_gb: What these may take, gigabytes.

    Raises:
        UserError: If there are no shards, or the cache can't hold the chunks that are read at a time.
    """
    if not url:
        raise UserError(
            "data.url must name shards, but got nothing. Add data.url=FOLDER or data.url=s3://..."
        )
    shards = Shards.open(_place(url.rstrip("/"), Path(cache), int(cache_gb * 1e9)))
    return shard_samples(shards)


def shard_samples(shards: Shards) -> Samples:
    """Give samples in the order of their chunks, so that whoever visits all reads one chunk after the other."""
    _check_room(shards)
    known, found = shards.read_samples(), shards.found
    notes = list(found["notes"])
    if broken := found["broken"]:
        notes.append(
            f"{len(broken)} images could not be read by convert.py and are not in the shards: "
            f"{with_reasons(broken.items())}"
        )
    targets = {name: known[TARGET + name] for name in found["targets"]}
    return Samples(
        kind="image",
        sample_id=known.sample_id,
        target=DataFrame(targets, index=RangeIndex(len(known))),
        inputs=DataFrame(index=RangeIndex(len(known))),
        categorical=(),
        root=shards.place.folder,
        notes=tuple(notes),
        group=known.get("group"),
        official=known.get("official"),
        order=known.get("order"),
        shards=shards,
    )


def _place(url: str, cache: Path, max_bytes: int) -> Place:
    if not is_remote(url):
        folder = Path(url).expanduser().absolute()
        if not (folder / INDEX).is_file():
            raise UserError(f"data.url must be a folder of shards, but {folder} has no {INDEX}. {CONVERT}")
        return Place(str(folder), folder, max_bytes)
    kind = cache / "shards"
    kind.mkdir(parents=True, exist_ok=True)
    fresh = kind / f".{uuid4().hex}"
    try:
        provider(url, getpid()).download_file(f"{url}/{INDEX}", str(fresh))
        # What lies at an address may be written anew; then it is another entry of the cache.
        entry = kind / hashlib.sha256(fresh.read_bytes()).hexdigest()[:32]
        entry.mkdir(exist_ok=True)
        fresh.replace(entry / INDEX)
    except UserError:
        raise
    except Exception as error:  # of whichever library reads this kind of address
        raise UserError(f"data.url={url} has no shards to read: {one_line(error)}. {CONVERT}") from error
    finally:
        fresh.unlink(missing_ok=True)
    touch(entry)
    limit_cache(kind_folders(cache), max_bytes, entry)
    return Place(url, entry, max_bytes)


def _check_room(shards: Shards) -> None:
    place, most = shards.place, sum(sorted(shards.index.num_bytes)[-KEPT:])
    if place.is_remote and place.max_bytes < most:
        raise UserError(
            f"paths.cache_gb must hold the {KEPT} chunks that are read at a time, {most / 1e9:.2f} GB, but got "
            f"{place.max_bytes / 1e9:g}. Raise it."
        )
