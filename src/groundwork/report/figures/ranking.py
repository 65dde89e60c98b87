"""Probabilities -> ROC and precision-recall curves."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pandas import DataFrame, concat

from groundwork.report.drawing import MODEL, MUTED, PALE, Drawing, grid, new_figure, short
from groundwork.report.folder import RunFolder
from groundwork.report.predictions import Classified, classified

MOST_CURVES = 10


def draw(run: RunFolder, split: str = "val") -> list[Drawing]:
    """Draw both curves of the positive class, or of each class against the rest."""
    found = classified(run, split)
    if found is None or found.prob is None:
        return []
    curves = one_against_rest(found)
    if not curves:
        return []
    figure = new_figure(3.4)
    roc, pr = figure.subplots(1, 2)
    _draw_curves(roc, pr, found.classes, curves)
    roc.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
    _frame(roc, "false positive rate", "true positive rate", "ROC")
    _frame(pr, "recall", "precision", "precision and recall")
    _legend(figure, roc, len(curves))
    numbers = concat([table.assign(**{"class": found.classes[k]}) for k, table in curves.items()])
    caption = (
        f"The positive class is {found.classes[1]}."
        if len(found.classes) == 2
        else f"Each class against the rest; {len(curves)} of {len(found.classes)} classes have both kinds of sample. "
        "The thick line is the mean over them."
    )
    return [Drawing(f"ranking_{split}", f"ROC and precision-recall, {split}", caption, figure, numbers)]


def one_against_rest(found: Classified) -> dict[int, DataFrame]:
    """Return the curve of each class that has positives and negatives; binary: of the last class only."""
    assert found.prob is not None
    wanted = [1] if len(found.classes) == 2 else range(len(found.classes))
    return {
        k: threshold_curve(found.target == k, found.prob[:, k])
        for k in wanted
        if 0 < (found.target == k).sum() < len(found.target)
    }


def threshold_curve(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> DataFrame:
    """Return threshold, fpr, recall and precision as the threshold falls past each distinct score.

    Samples with equal scores enter together: no order between them can be claimed.
    """
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    hits, alarms = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    table = DataFrame(
        {
            "threshold": score[order][last],
            "fpr": alarms / alarms[-1],
            "recall": hits / hits[-1],
            "precision": hits / (hits + alarms),
        }
    )
    start = DataFrame({"threshold": [np.inf], "fpr": [0.0], "recall": [0.0], "precision": [1.0]})
    return concat([start, table], ignore_index=True)


def _draw_curves(roc: Axes, pr: Axes, classes: Sequence[str], curves: dict[int, DataFrame]) -> None:
    many = len(curves) > 1
    named = len(curves) <= MOST_CURVES
    dashes = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
    for i, (k, table) in enumerate(curves.items()):
        share = i / max(len(curves) - 1, 1)
        look = {
            "color": MODEL if not many else (_spread(share) if named else PALE),
            "linestyle": dashes[i % 3] if named and many else "-",
            "linewidth": 1.1 if many and named else (0.5 if many else 1.8),
            "label": short(classes[k], 18) if named else None,
        }
        roc.plot(table["fpr"], table["recall"], **look)
        pr.plot(table["recall"], table["precision"], drawstyle="steps-pre", **look)
    if many:
        at = np.linspace(0, 1, 101)
        mean = {"color": "black", "linewidth": 2.2, "label": "mean"}
        roc.plot(at, np.mean([_at(at, t["fpr"], t["recall"]) for t in curves.values()], axis=0), **mean)
        pr.plot(
            at, np.mean([_step(at, t["recall"], t["precision"]) for t in curves.values()], axis=0), **mean
        )


def _at(
    place: NDArray[np.float64], along: "Sequence[float]", height: "Sequence[float]"
) -> NDArray[np.float64]:
    """Read a rising curve at the given places, on its upper edge."""
    rows = np.searchsorted(np.asarray(along), place, side="right") - 1
    return np.asarray(height)[np.maximum(rows, 0)]


def _step(
    recall: NDArray[np.float64], along: "Sequence[float]", height: "Sequence[float]"
) -> NDArray[np.float64]:
    """Read the precision at which a recall is first reached."""
    rows = np.searchsorted(np.asarray(along), recall, side="left")
    return np.asarray(height)[np.minimum(rows, len(height) - 1)]


def _spread(share: float) -> tuple[float, float, float, float]:
    from matplotlib import colormaps

    return colormaps["viridis"](0.92 * share)


def _frame(axes: Axes, along: str, height: str, title: str) -> None:
    axes.set(xlabel=along, ylabel=height, title=title, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal")
    grid(axes, "both")


def _legend(figure: Figure, axes: Axes, num_curves: int) -> None:
    if 1 < num_curves <= MOST_CURVES:
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
