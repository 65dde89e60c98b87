"""partial_dependence.csv -> how the prediction follows each input, all else equal."""

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame, to_numeric

from groundwork.report.drawing import MODEL, OTHER, PALE, Drawing, grid, new_figure, short
from groundwork.report.folder import ReportedRun

COLUMNS = 4
MOST_PANELS = 12
MOST_LETTERS = 20  # that stand beside each other below a panel
_LOOKS = ((MODEL, "-"), (OTHER, (0, (4, 1.5))), (PALE, "-"))


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw the inputs that move the prediction most."""
    table = run.partial_dependence
    if table.empty:
        return []
    spread = table.groupby("input", sort=False)["prediction"].agg(np.ptp)
    inputs = [str(name) for name in spread.sort_values(ascending=False, kind="stable").index[:MOST_PANELS]]
    rows = -(-len(inputs) // COLUMNS)
    figure = new_figure(0.4 + 1.65 * rows)
    panels = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
    for axes, name in zip(panels, inputs, strict=False):
        _draw_input(axes, name, table[table["input"] == name])
    for axes in panels[len(inputs) :]:
        axes.set_axis_off()
    figure.supylabel("mean prediction", fontsize=9)
    if table["output"].nunique() > 1:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    caption = (
        f"Mean prediction as one input takes each value, for the {len(inputs)} inputs that move it most."
    )
    return [Drawing("partial_dependence", "Partial dependence", caption, figure, table)]


def _draw_input(axes: Axes, name: str, table: DataFrame) -> None:
    is_number = to_numeric(table["value"], errors="coerce").notna().all()
    for (output, rows), (color, dash) in zip(table.groupby("output", sort=False), _LOOKS, strict=False):
        if is_number:
            place = to_numeric(rows["value"])
            axes.plot(place, rows["prediction"], color=color, linestyle=dash, label=short(str(output), 14))
        else:
            names = [short(str(value), 9) for value in rows["value"]]
            axes.plot(range(len(names)), rows["prediction"], "o", color=color, label=short(str(output), 14))
            upright = len(" ".join(names)) <= MOST_LETTERS
            axes.set_xticks(range(len(names)), names, rotation=0 if upright else 90)
            axes.margins(x=0.15 if upright else 0.05)
    if is_number:
        axes.locator_params(axis="x", nbins=4)
    axes.tick_params(labelsize=7.5)
    axes.set_title(short(name, 20), fontsize=8.5)
    grid(axes)
