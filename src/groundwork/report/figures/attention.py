"""attention.npz -> each image beside itself, lit where the prediction comes from."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame
from PIL import Image

from groundwork.report.attention import read_attention
from groundwork.report.drawing import OTHER, Drawing
from groundwork.report.figures.photographs import ROW, close_sheet, open_sheet, put_photograph, put_words
from groundwork.report.folder import ReportedRun
from groundwork.report.photos import Shown, attended, photos_allowed

COLUMNS = 3
HALF_MOST = 0.5  # the line
DARK = 0.2  # brightness where nothing speaks for the prediction


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw the surest mistakes and hits with the places that speak for their prediction."""
    found = read_attention(run) if photos_allowed(run) else None
    shown = [] if found is None else [one for one in attended(run) if one.sample_id in found.maps]
    if found is None or not shown:
        return []
    figure, axes = open_sheet(len(shown), COLUMNS)
    for i, one in enumerate(shown):
        photo = np.asarray(found.photos[one.sample_id])
        _draw_pair(axes, i, one, photo, smoothed(found.maps[one.sample_id], photo))
    close_sheet(axes, len(shown), COLUMNS, width=2)
    does = "speak for" if run.task == "classification" else "raise or lower"
    caption = (
        f"{found.kind} of the prediction, on val: bright places {does} it; within the line, at least half as much "
        f"as the strongest. First the surest mistakes or largest errors, then the best. It shows what the network "
        f"reads, not why that is right."
    )
    numbers = DataFrame([one.__dict__ | {"method": found.kind} for one in shown])
    return [Drawing("attention", "Where the network looks", caption, figure, numbers)]


def smoothed(shown: NDArray[np.float32], photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bring a map (h, w) to the size of a photo (H, W) or (H, W, 3)."""
    height, width = photo.shape[:2]
    picture = Image.fromarray(shown.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(np.clip(np.asarray(picture), 0, 1))


def lit(photo: NDArray[np.uint8], shown: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Darken pixels where a map of their size is low; brightness survives grey printing."""
    light = DARK + (1 - DARK) * shown
    return np.asarray(photo * (light if photo.ndim == 2 else light[:, :, None])).astype(np.uint8)


def _draw_pair(
    axes: Axes, place: int, one: Shown, photo: NDArray[np.uint8], shown: NDArray[np.float32]
) -> None:
    left, top = 2 * (place % COLUMNS), (place // COLUMNS) * ROW
    for beside, pixels in enumerate((photo, lit(photo, shown))):
        x, y, width, height = put_photograph(axes, pixels, left + 0.95 * beside, top)
    if shown.min() < HALF_MOST < shown.max():
        across = x + width * (np.arange(photo.shape[1]) + 0.5) / photo.shape[1]
        down = y + height * (np.arange(photo.shape[0]) + 0.5) / photo.shape[0]
        axes.contour(across, down, shown, levels=[HALF_MOST], colors=[OTHER], linewidths=1.2)
    put_words(axes, one, left + 0.95, top, (38, 32))
