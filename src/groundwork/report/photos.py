"""Predictions -> which photographs tell most, and the photographs as small pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from groundwork.core.atomic import write_bytes
from groundwork.report.folder import ReportedRun
from groundwork.report.map import map_photos
from groundwork.report.predictions import Classified, classified, regressed

MOST = 12  # photographs of each kind
LOOKED_AT = 3  # mistakes, and as many hits, with a map of where the network looks
SIDE = 168  # pixels, the longer side; shown at half of that on a fine screen

Photos = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Shown:
    """Hold one sample of the report: what it is, what it was taken for, and how surely."""

    sample_id: str
    target: str
    prediction: str
    confidence: float


def mistakes(found: Classified) -> list[Shown]:
    """Return the mistakes that the model was surest of, the surest first."""
    return _shown(found, np.flatnonzero(found.target != found.prediction), surest_first=True)


def doubts(found: Classified) -> list[Shown]:
    """Return the hits that the model was least sure of, the least sure first."""
    return _shown(found, np.flatnonzero(found.target == found.prediction), surest_first=False)


def wanted_photos(run_dir: Path) -> list[str]:
    """Return the sample_ids whose photographs the report shows; none where `report.photos` is false."""
    run = ReportedRun(Path(run_dir))
    if not photos_allowed(run) or run.data.get("kind") != "image":
        return []
    found = classified(run, "val")
    judged = [] if found is None else [*mistakes(found), *doubts(found)]
    return list(dict.fromkeys([*(shown.sample_id for shown in judged), *map_photos(run)]))


def photos_allowed(run: ReportedRun) -> bool:
    """Tell whether photographs may enter the report."""
    return bool((run.config.get("report") or {}).get("photos", True))


def wanted_attention(run_dir: Path) -> list[str]:
    """Return the few val samples of which the report shows where the network looks: its surest, right and wrong."""
    run = ReportedRun(Path(run_dir))
    if not photos_allowed(run) or run.data.get("kind") != "image":
        return []
    return [shown.sample_id for shown in attended(run)]


def attended(run: ReportedRun) -> list[Shown]:
    """Choose the surest mistakes and the surest hits, or the largest and the smallest errors."""
    found = classified(run, "val")
    if found is not None:
        right = found.target == found.prediction
        parts = [_shown(found, np.flatnonzero(rows), surest_first=True) for rows in (~right, right)]
        return [entry for part in parts for entry in part[:LOOKED_AT]]
    errors = regressed(run, "val")[:1]
    if not errors:
        return []
    (only,) = errors
    order = np.argsort(-np.abs(only.prediction - only.target), kind="stable")
    chosen = dict.fromkeys([*order[:LOOKED_AT], *order[: -LOOKED_AT - 1 : -1]])
    return [
        Shown(
            str(only.sample_id[row]), f"{only.target[row]:.4g}", f"{only.prediction[row]:.4g}", float("nan")
        )
        for row in chosen
    ]


def find_photos(run: ReportedRun, wanted: list[str]) -> dict[str, NDArray[Any]]:
    """Return the wanted photographs that the run folder or the data's own folder holds."""
    if run.folder.thumbs.exists():
        with np.load(run.folder.thumbs, allow_pickle=False) as file:
            return {
                str(name): file[f"photo_{i}"] for i, name in enumerate(file["sample_id"]) if name in wanted
            }
    root = (run.data.get("images") or {}).get("root")
    if root is None:
        return {}
    return {name: _read(path) for name in wanted if (path := Path(root) / name).is_file()}


def keep_photos(run: ReportedRun, photos: Photos) -> None:
    """Write small copies into the run folder, so that the report can be drawn again without the data."""
    small = {f"photo_{i}": np.asarray(thumbnail(photo)) for i, photo in enumerate(photos.values())}
    file = BytesIO()
    np.savez(file, sample_id=np.asarray(list(photos), dtype=np.str_), **small)  # type: ignore[arg-type]
    write_bytes(run.folder.thumbs, file.getbuffer())


def thumbnail(photo: NDArray[Any], side: int = SIDE) -> Image.Image:
    """Shrink (H, W), (H, W, 1) or (H, W, C) pixels; other types than uint8 are stretched to their range."""
    pixels = np.asarray(photo)
    if pixels.ndim == 3 and pixels.shape[2] in (1, 2):
        pixels = pixels[:, :, 0]
    elif pixels.ndim == 3:
        pixels = pixels[:, :, :3]
    if pixels.dtype != np.uint8:
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        pixels = (np.nan_to_num(pixels.astype(np.float64)) - low) / max(high - low, 1e-12) * 255
    image = Image.fromarray(np.ascontiguousarray(pixels).clip(0, 255).astype(np.uint8))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def encode(photo: NDArray[Any], side: int = SIDE) -> bytes:
    """Return a thumbnail as JPEG."""
    page = BytesIO()
    thumbnail(photo, side).save(page, format="JPEG", quality=86)
    return page.getvalue()


def _shown(found: Classified, rows: NDArray[np.intp], surest_first: bool) -> list[Shown]:
    confidence = found.confidence[rows]
    order = np.argsort(-confidence if surest_first else confidence, kind="stable")[:MOST]
    return [
        Shown(
            str(found.sample_id[row]),
            found.classes[found.target[row]],
            found.classes[found.prediction[row]],
            float(found.confidence[row]),
        )
        for row in rows[order]
    ]


def _read(path: Path) -> NDArray[Any]:
    with Image.open(path) as file:
        file.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded at an eighth where that is enough
        return np.asarray(file.convert("L" if file.mode in ("1", "L") else "RGB"))
