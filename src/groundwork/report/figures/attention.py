"""attention.npz -> each image beside itself, lit where the prediction comes from."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame
from PIL import Image

from groundwork.report.attention import read_attention
from groundwork.report.drawing import INK, MUTED, OTHER, Drawing, Look, new_figure, short
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
    rows = -(-len(shown) // COLUMNS)
    figure = new_figure(1.62 * rows)
    axes = figure.add_subplot()
    axes.set_axis_off()
    for i, one in enumerate(shown):
        photo = np.asarray(found.photos[one.sample_id])
        _draw_pair(axes, i, one, photo, smoothed(found.maps[one.sample_id], photo))
    axes.set_xlim(0, 2 * COLUMNS)
    axes.set_ylim(rows * 1.42, 0)
    axes.set_aspect("equal")
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
    left, top = 2 * (place % COLUMNS), (place // COLUMNS) * 1.42
    height, width = np.array(photo.shape[:2]) / max(photo.shape[:2]) * 0.92
    for beside, pixels in enumerate((photo, lit(photo, shown))):
        x, y = left + 0.95 * beside + (0.96 - width) / 2, top + (0.96 - height) / 2
        look: Look = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "antialiased"}
        axes.imshow(pixels, extent=(x, x + width, y + height, y), **look)
    if shown.min() < HALF_MOST < shown.max():
        across = x + width * (np.arange(photo.shape[1]) + 0.5) / photo.shape[1]
        down = y + height * (np.arange(photo.shape[0]) + 0.5) / photo.shape[0]
        axes.contour(across, down, shown, levels=[HALF_MOST], colors=[OTHER], linewidths=1.2)
    below: Look = {"ha": "center", "va": "top", "fontsize": 7.5}
    axes.text(left + 0.95, top + 0.98, short(one.target, 38), color=INK, **below)
    sure = "" if np.isnan(one.confidence) else f" {one.confidence:.0%}"
    axes.text(left + 0.95, top + 1.14, f"→ {short(one.prediction, 32)}{sure}", color=MUTED, **below)
