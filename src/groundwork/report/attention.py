"""Images and maps of where a network looks -> a file in the run folder, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.atomic import write_bytes
from groundwork.core.run_folder import RunFolder
from groundwork.report.folder import ReportedRun
from groundwork.report.photos import Photos, thumbnail


@dataclass(frozen=True)
class Attention:
    """Hold what a network looked at.

    Attributes:
        kind: Name of the method.
        photos: sample_id -> (H, W) or (H, W, 3) uint8.
        maps: sample_id -> (h, w) in [0, 1].
    """

    kind: str
    photos: Photos
    maps: Mapping[str, NDArray[np.float32]]


def keep_attention(run_dir: Path, photos: Photos, maps: Mapping[str, NDArray[np.float32]], kind: str) -> None:
    """Write small copies of images with their maps, of the same names, into the run folder."""
    arrays: dict[str, Any] = {"kind": np.str_(kind), "sample_id": np.asarray(list(maps), dtype=np.str_)}
    arrays |= {f"photo_{i}": np.asarray(thumbnail(photos[name])) for i, name in enumerate(maps)}
    arrays |= {f"map_{i}": shown.astype(np.float32) for i, shown in enumerate(maps.values())}
    file = BytesIO()
    np.savez(file, **arrays)
    write_bytes(RunFolder(run_dir).attention, file.getbuffer())


def read_attention(run: ReportedRun) -> Attention | None:
    """Read what `keep_attention` wrote; None where the run wrote nothing."""
    if not run.folder.attention.exists():
        return None
    with np.load(run.folder.attention, allow_pickle=False) as file:
        names = [str(name) for name in file["sample_id"]]
        photos = {name: file[f"photo_{i}"] for i, name in enumerate(names)}
        return Attention(str(file["kind"]), photos, {name: file[f"map_{i}"] for i, name in enumerate(names)})
