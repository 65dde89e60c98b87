"""Predictions -> confusion matrix that reads at 2, 10, 81 and 200 classes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.core.batch import Split
from groundwork.report.drawing import (
    FULL,
    HALF,
    INK,
    MODEL,
    MUTED,
    SHARE,
    Drawing,
    Look,
    new_figure,
    short,
    whole_numbers,
)
from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Classified, classified

MOST_NAMED = 30  # classes whose names still fit along a matrix
MOST_COUNTED = 16  # classes whose counts still fit into the cells
_CENTERED: Look = {"ha": "center", "va": "center", "linespacing": 1.4}


def draw(run: ReportedRun, split: Split = "val") -> list[Drawing]:
    """Draw which class was taken for which."""
    found = classified(run, split)
    if found is None:
        return []
    many = len(found.classes) > MOST_COUNTED
    wrong = bool((found.target != found.prediction).any())
    return [_draw_matrix(found, split), *([_draw_largest(found, split)] if many and wrong else [])]


def confusions(found: Classified) -> DataFrame:
    """Return truth, prediction, count and share of the truth's samples of every confusion, largest first."""
    counts = found.counts()
    truth, guess = np.nonzero(counts * ~np.eye(len(counts), dtype=bool))
    number = counts[truth, guess]
    order = np.argsort(-number, kind="stable")
    names = np.asarray(found.classes, dtype=object)
    return DataFrame(
        {
            "truth": names[truth[order]],
            "prediction": names[guess[order]],
            "count": number[order],
            "share": number[order] / counts.sum(axis=1)[truth[order]],
        }
    )


def _draw_matrix(found: Classified, split: Split) -> Drawing:
    counts, classes = found.counts(), found.classes
    shares = _shares(counts)
    k = len(classes)
    width = HALF if k <= 4 else float(np.clip(2.6 + 0.32 * k, 4.6, FULL))
    figure = new_figure(width * 0.87, width)
    axes = figure.add_subplot()
    # Many classes make small cells: a steeper scale keeps their rare mistakes visible.
    scale = PowerNorm(1.0 if k <= MOST_COUNTED else 0.5, vmin=0, vmax=1)
    image = axes.imshow(shares, cmap=SHARE, norm=scale, interpolation="nearest")
    numbered = "" if k <= MOST_NAMED else ", number of the class"
    axes.set(xlabel=f"prediction{numbered}", ylabel=f"truth{numbered}")
    axes.spines[:].set_visible(True)
    if k <= MOST_NAMED:
        names = [short(name, 18) for name in classes]
        steep = max(map(len, names)) * k > 8 * (width - 1)  # letters that fit side by side
        axes.set_xticks(range(k), names, rotation=90 if steep else 0)
        axes.set_yticks(range(k), names)
        axes.tick_params(length=0, labelsize=8.5 if k <= 14 else 7)
    if k <= MOST_COUNTED:
        _write_counts(axes, counts, shares)
    bar = figure.colorbar(image, ax=axes, shrink=0.75, aspect=30, format=PercentFormatter(1.0, decimals=0))
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7.5, length=0)
    counted = "; numbers: samples" if k <= MOST_COUNTED else ""
    caption = f"Rows are the truth, columns the prediction. Shade: share of the true class{counted}."
    numbers = DataFrame(counts, columns=classes)
    numbers.insert(0, "truth \\ prediction", classes)
    return Drawing(f"confusion_{split}", f"Confusion matrix, {split}", caption, figure, numbers)


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide each row by its sum; a class without samples has an empty row."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    k = len(counts)
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = shares[row, column]
        text = f"{counts[row, column]}\n{share:.0%}" if k <= 6 else f"{counts[row, column]}"
        size = 9.5 if k <= 6 else 8
        axes.text(column, row, text, **_CENTERED, color="white" if share > 0.45 else INK, fontsize=size)


def _draw_largest(found: Classified, split: Split) -> Drawing:
    table = confusions(found)
    rows = table.head(15).iloc[::-1]
    figure = new_figure(0.9 + 0.24 * len(rows))
    axes = figure.add_subplot()
    labels = [
        f"{short(t, 22)}  →  {short(p, 22)}" for t, p in zip(rows["truth"], rows["prediction"], strict=True)
    ]
    bars = axes.barh(labels, rows["count"], color=MODEL, height=0.7)
    axes.bar_label(bars, [f"{share:.0%}" for share in rows["share"]], padding=3, color=MUTED)
    axes.set_xlim(0, rows["count"].max() * 1.1)
    whole_numbers(axes.xaxis)
    axes.set_xlabel("samples; beside the bar: share of the true class")
    axes.tick_params(axis="y", length=0)
    caption = f"Truth → prediction, the {len(rows)} largest of {len(table)} kinds of mistake."
    return Drawing(f"largest_confusions_{split}", f"Largest confusions, {split}", caption, figure, table)
