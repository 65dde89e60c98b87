"""Losses at rising learning rates -> a picture with its numbers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.run_folder import RunFolder
from groundwork.report.drawing import MODEL, Drawing, grid, new_figure, plain_log, ring, style


def write_rates(
    run_dir: Path, rates: NDArray[np.float64], losses: NDArray[np.float64], found: float | None
) -> Path:
    """Write `figures/lr_find` of a run as png, pdf and csv, and return the png.

    Args:
        rates: (S,) learning rates.
        losses: (S,) running mean of the training loss at each.
        found: Rate to mark; None marks none.
    """
    with style():
        figure = new_figure(2.8)
        axes = figure.subplots()
        axes.plot(rates, losses, color=MODEL)
        plain_log(axes)
        grid(axes)
        axes.set_xlabel("learning rate (optim.lr)")
        axes.set_ylabel("training loss")
        if found is not None:
            ring(axes, found, losses[int(np.argmin(np.abs(np.log(rates / found))))])
        caption = "A ring marks where the loss falls fastest."
        numbers = DataFrame({"lr": rates, "loss": losses})
        drawing = Drawing("lr_find", "Learning rate", caption, figure, numbers)
        folder = RunFolder(run_dir).figures
        drawing.save(folder, ("png", "pdf", "csv"))
    return folder / f"{drawing.name}.png"
