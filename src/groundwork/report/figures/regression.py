"""Predicted values -> predicted against true, and residuals."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.batch import Split
from groundwork.report.drawing import MODEL, MUTED, OTHER, Drawing, Look, grid, new_figure
from groundwork.report.folder import ReportedRun
from groundwork.report.number import show
from groundwork.report.predictions import Regressed, regressed

LONG = 1e4  # whose ticks have so many digits that five of them overlap


def draw(run: ReportedRun, split: Split = "val") -> list[Drawing]:
    """Draw, for every target, where the predictions are right and where they are off."""
    targets = regressed(run, split)
    if len(targets) == 1:
        return [_draw_target(targets[0], split, f"regression_{split}")]
    return [_draw_target(found, split, f"regression_{split}_{i}") for i, found in enumerate(targets)]


def _draw_target(found: Regressed, split: Split, name: str) -> Drawing:
    figure = new_figure(2.7)
    against, residuals, shape = figure.subplots(1, 3, width_ratios=[1.15, 1.15, 0.8])
    off = found.prediction - found.target
    look: Look = {
        "s": 12 if len(off) <= 500 else 5,
        "color": MODEL,
        "alpha": 0.55 if len(off) <= 2000 else 0.2,
        "linewidths": 0,
        "rasterized": len(off) > 2000,  # vectors of many points make a pdf slow to open
    }
    low = min(found.target.min(), found.prediction.min())
    high = max(found.target.max(), found.prediction.max())
    against.plot([low, high], [low, high], color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)))
    against.scatter(found.target, found.prediction, **look)
    against.set(xlabel="true", ylabel="predicted", title="predicted against true")
    residuals.axhline(0, color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)))
    residuals.scatter(found.prediction, off, **look)
    residuals.set(xlabel="predicted", ylabel="predicted - true", title="residuals")
    _draw_shape(shape, off)
    for axes in (against, residuals):
        axes.locator_params(nbins=5)
        if max(abs(low), abs(high)) >= LONG:
            axes.locator_params(axis="x", nbins=3)
        grid(axes, "both")
    caption = (
        f"In original units. The dashed line is a perfect prediction. Mean residual {show(off.mean())}, "
        f"half of all are within {show(np.median(np.abs(off)))} of the truth."
    )
    numbers = DataFrame({"true": found.target, "predicted": found.prediction, "residual": off})
    return Drawing(name, f"{found.name}, {split}", caption, figure, numbers)


def _draw_shape(axes: Axes, off: NDArray[np.float64]) -> None:
    axes.hist(off, bins=min(30, max(5, len(off) // 8)), orientation="horizontal", color=MODEL)
    axes.axhline(float(off.mean()), color=OTHER, linewidth=1.6)
    axes.set(xlabel="samples", title="their distribution")
    axes.locator_params(nbins=4)
