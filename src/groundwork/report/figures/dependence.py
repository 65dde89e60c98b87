"""partial_dependence.csv -> how the prediction follows each input, all else equal."""

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame, to_numeric

from groundwork.report.drawing import MODEL, OTHER, PALE, Drawing, grid, new_figure, short
from groundwork.report.folder import ReportedRun

COLUMNS = 4
MOST_PANELS = 12
MOST_TARGETS = 4  # with a figure each
MOST_LETTERS = 20  # that stand beside each other below a panel
_LOOKS = ((MODEL, "-"), (OTHER, (0, (4, 1.5))), (PALE, "-"))


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw the inputs that move the prediction most; values in units of their own get a figure each."""
    table = run.partial_dependence
    if table.empty:
        return []
    outputs = [str(output) for output in table["output"].unique()]
    if run.task != "regression" or len(outputs) < 2:
        return [_draw_table(table)]
    left = len(outputs) - MOST_TARGETS
    more = f" The file partial_dependence.csv holds the other {left}." if left > 0 else ""
    return [
        _draw_table(table[table["output"] == output], f"_{number}", output, more)
        for number, output in enumerate(outputs[:MOST_TARGETS], 1)
    ]


def _draw_table(table: DataFrame, suffix: str = "", target: str = "", more: str = "") -> Drawing:
    spread = table.groupby("input", sort=False)["prediction"].agg(np.ptp)
    inputs = [str(name) for name in spread.sort_values(ascending=False, kind="stable").index[:MOST_PANELS]]
    rows = -(-len(inputs) // COLUMNS)
    figure = new_figure(0.4 + 1.65 * rows)
    panels = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
    for axes, name in zip(panels, inputs, strict=False):
        _draw_input(axes, name, table[table["input"] == name])
    for axes in panels[len(inputs) :]:
        axes.set_axis_off()
    figure.supylabel(f"mean prediction of {short(target, 20)}" if target else "mean prediction", fontsize=9)
    if table["output"].nunique() > 1:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    caption = (
        f"Mean prediction{f' of {target}' if target else ''} as one input takes each value, for the {len(inputs)} "
        f"inputs that move it most.{more}"
    )
    title = f"Partial dependence{f' of {target}' if target else ''}"
    return Drawing(f"partial_dependence{suffix}", title, caption, figure, table)


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
