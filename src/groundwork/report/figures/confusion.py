"""Predictions -> confusion matrix that reads at 2, 10, 81 and 200 classes, and figures per class."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame

from groundwork.report.drawing import INK, MODEL, MUTED, OTHER, SHARE, Drawing, grid, new_figure, short
from groundwork.report.folder import RunFolder
from groundwork.report.predictions import Classified, classified

MOST_NAMED = 30  # classes whose names still fit along a matrix
MOST_COUNTED = 16  # classes whose counts still fit into the cells


def draw(run: RunFolder, split: str = "val") -> list[Drawing]:
    """Draw which class was taken for which."""
    found = classified(run, split)
    if found is None:
        return []
    drawings = [_draw_matrix(found, split)]
    if len(found.classes) > MOST_NAMED:
        drawings += [_draw_recalls(found, split)]
    if len(found.classes) > MOST_COUNTED and (found.target != found.prediction).any():
        drawings += [_draw_largest(found, split)]
    return drawings


def per_class(found: Classified) -> DataFrame:
    """Return samples, predicted, precision, recall and F1 of each class; NaN where undefined."""
    counts = found.counts()
    truth, guess, hits = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    with np.errstate(invalid="ignore", divide="ignore"):
        return DataFrame(
            {
                "class": found.classes,
                "samples": truth,
                "predicted": guess,
                "precision": hits / guess,
                "recall": hits / truth,
                "f1": 2 * hits / (truth + guess),
            }
        )


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


def _draw_matrix(found: Classified, split: str) -> Drawing:
    counts, classes = found.counts(), found.classes
    shares = _shares(counts)
    k = len(classes)
    size = float(np.clip(1.6 + 0.36 * k, 2.9, 6.6))
    figure = new_figure(size * 0.92, width=min(size + 1.6, 6.8))
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap=SHARE, vmin=0, vmax=1, interpolation="nearest")
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    axes.spines[:].set_visible(True)
    if k <= MOST_NAMED:
        names = [short(name, 18) for name in classes]
        steep = max(map(len, names)) * k > 60
        axes.set_xticks(range(k), names, rotation=90 if steep else 0)
        axes.set_yticks(range(k), names)
        axes.tick_params(length=0, labelsize=9 if k <= 14 else 7)
    if k <= MOST_COUNTED:
        _write_counts(axes, counts, shares)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=28, format=lambda share, _: f"{share:.0%}")
    bar.outline.set_visible(False)
    bar.set_label("share of the true class")
    caption = f"Rows are the truth, columns the prediction, on {split}. Shade: share of the row" + (
        "; numbers: samples." if k <= MOST_COUNTED else "."
    )
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
        color = "white" if share > 0.45 else INK
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            color=color,
            fontsize=10 if k <= 6 else 8,
            linespacing=1.4,
        )


def _draw_recalls(found: Classified, split: str) -> Drawing:
    table = per_class(found).sort_values("recall", kind="stable", na_position="last")
    figure = new_figure(2.6)
    axes = figure.add_subplot()
    place = np.arange(len(table))
    axes.bar(place, table["recall"].fillna(0.0), width=0.85, color=MODEL, label="recall")
    axes.plot(place, table["precision"], ".", markersize=4, color=OTHER, label="precision")
    absent = table["recall"].isna().to_numpy()
    if absent.any():
        axes.plot(
            place[absent], np.full(absent.sum(), 0.02), "x", markersize=4, color=MUTED, label="no sample"
        )
    axes.set_xlim(-0.6, len(table) - 0.4)
    axes.set_ylim(0, 1.02)
    axes.set_xticks([])
    axes.set_xlabel(f"{len(table)} classes, from the lowest recall to the highest")
    axes.legend(loc="upper left", ncols=3, bbox_to_anchor=(0.0, 1.16), borderaxespad=0)
    grid(axes)
    caption = "Names and numbers stand in the table per class, which sorts by any column."
    return Drawing(f"recall_{split}", f"Recall per class, {split}", caption, figure, table)


def _draw_largest(found: Classified, split: str) -> Drawing:
    table = confusions(found)
    rows = table.head(15).iloc[::-1]
    figure = new_figure(0.9 + 0.24 * len(rows))
    axes = figure.add_subplot()
    labels = [
        f"{short(t, 22)}  →  {short(p, 22)}" for t, p in zip(rows["truth"], rows["prediction"], strict=True)
    ]
    bars = axes.barh(labels, rows["count"], color=MODEL, height=0.7)
    axes.bar_label(
        bars, [f"{n} ({share:.0%})" for n, share in zip(rows["count"], rows["share"], strict=True)], padding=3
    )
    axes.set_xlim(0, rows["count"].max() * 1.18)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("samples (share of the true class)")
    axes.tick_params(axis="y", length=0)
    caption = f"Truth → prediction, the {len(rows)} largest of {len(table)} kinds of mistake."
    return Drawing(f"largest_confusions_{split}", f"Largest confusions, {split}", caption, figure, table)
