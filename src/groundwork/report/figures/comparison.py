"""Compared groups -> points with intervals, and a learning curve where the training size differs."""

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame

from groundwork.core.directions import direction_in
from groundwork.report.drawing import (
    MODEL,
    MUTED,
    OTHER,
    Drawing,
    Look,
    grid,
    legend_above,
    new_figure,
    short,
)

COLUMNS = 3


def draw(rows: DataFrame) -> list[Drawing]:
    """Draw every metric of every group; the rows are described in `report.compare`."""
    metrics = list(dict.fromkeys(rows["metric"]))[:COLUMNS]
    groups = list(dict.fromkeys(rows["group"]))
    figure = new_figure(0.9 + 0.32 * len(groups))
    for axes, metric in zip(
        figure.subplots(1, len(metrics), squeeze=False, sharey=True)[0], metrics, strict=True
    ):
        block = rows[rows["metric"] == metric].set_index("group")
        _draw_points(axes, block.reindex(groups))
        direction = block["direction"].iloc[0] if "direction" in rows.columns else direction_in({}, metric)
        axes.set_xlabel(f"{metric}\n({'less' if direction == 'min' else 'more'} is better)")
    figure.axes[0].set_yticks(range(len(groups)), [short(str(name), 34) for name in groups])
    figure.axes[0].set_ylim(len(groups) - 0.5, -0.5)
    caption = "Points are means over the runs of a group, lines 95 % intervals."
    return [Drawing("comparison", "Comparison", caption, figure, rows), *_draw_sizes(rows, metrics)]


def _draw_points(axes: Axes, table: DataFrame) -> None:
    place = np.arange(len(table))
    axes.hlines(place, table["low"], table["high"], color=MODEL, linewidth=4, alpha=0.35)
    axes.plot(table["mean"], place, "o", color=MODEL, markersize=6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    grid(axes, "x")


def _draw_sizes(rows: DataFrame, metrics: list[str]) -> list[Drawing]:
    if "train_size" not in rows.columns or rows["train_size"].nunique() < 2:
        return []
    figure = new_figure(2.8)
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        table = rows[rows["metric"] == metric].sort_values("train_size")
        series = table["series"] if "series" in table.columns else table["metric"]
        for i, (name, line) in enumerate(table.groupby(series, sort=False)):
            look: Look = {"color": (MODEL, OTHER, MUTED)[i % 3], "linestyle": ("-", "--", ":")[i % 3]}
            axes.vlines(
                line["train_size"], line["low"], line["high"], color=look["color"], linewidth=4, alpha=0.35
            )
            axes.plot(line["train_size"], line["mean"], "o", markersize=5, label=short(str(name)), **look)
        axes.set_xscale("log")
        axes.set_xticks(table["train_size"].unique(), [f"{n:,}" for n in table["train_size"].unique()])
        axes.set_xticks([], minor=True)
        axes.set(xlabel="training samples", ylabel=metric)
        axes.tick_params(axis="x", color=MUTED)
        grid(axes)
    if "series" in rows.columns and rows["series"].nunique() > 1:
        legend_above(figure.axes[-1], columns=3)
    caption = "How the score grows with the number of training samples."
    return [Drawing("learning_curve", "Learning curve", caption, figure, rows)]
