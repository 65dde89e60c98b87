"""Photographs of mistakes and doubts -> one contact sheet for each."""

from collections.abc import Sequence

import numpy as np
from pandas import DataFrame

from groundwork.report.drawing import INK, MUTED, Drawing, Look, new_figure, short
from groundwork.report.photos import Photos, Shown, thumbnail

COLUMNS = 6


def draw(name: str, title: str, caption: str, shown: Sequence[Shown], photos: Photos) -> list[Drawing]:
    """Draw the photographs that were found, in order, with truth and prediction below each."""
    present = [entry for entry in shown if entry.sample_id in photos]
    if not present:
        return []
    rows = -(-len(present) // COLUMNS)
    figure = new_figure(1.62 * rows)
    axes = figure.add_subplot()
    axes.set_axis_off()
    for i, entry in enumerate(present):
        left, top = i % COLUMNS, (i // COLUMNS) * 1.42
        pixels = np.asarray(thumbnail(photos[entry.sample_id]).convert("RGB"))
        height, width = np.array(pixels.shape[:2]) / max(pixels.shape[:2]) * 0.92
        x, y = left + (0.96 - width) / 2, top + (0.96 - height) / 2
        axes.imshow(pixels, extent=(x, x + width, y + height, y), interpolation="antialiased")
        below: Look = {"ha": "center", "va": "top", "fontsize": 7.5}
        axes.text(left + 0.48, top + 0.98, short(entry.target, 19), color=INK, **below)
        sure = "" if np.isnan(entry.confidence) else f" {entry.confidence:.0%}"
        axes.text(left + 0.48, top + 1.14, f"→ {short(entry.prediction, 14)}{sure}", color=MUTED, **below)
    axes.set_xlim(0, COLUMNS)
    axes.set_ylim(rows * 1.42, 0)
    axes.set_aspect("equal")
    return [Drawing(name, title, caption, figure, DataFrame(present))]
