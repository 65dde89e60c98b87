"""Probabilities -> ROC and precision-recall curves."""

from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame, concat

from groundwork.core.batch import Split
from groundwork.report.drawing import INK, MODEL, MUTED, PALE, Drawing, Look, grid, new_figure, short
from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Classified, classified, labeled

MOST_CURVES = 10  # with more classes the mean and the spread over them are drawn
_PLACES = np.linspace(0, 1, 101)
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))


@dataclass(frozen=True)
class Curve:
    """Hold both curves of one class as its threshold falls past each distinct score.

    Attributes:
        threshold: (M,) float64, falling; the first is infinite.
        fpr: (M,) false positive rate.
        recall: (M,) recall, which is the true positive rate.
        precision: (M,) precision; 1 where nothing is predicted.
    """

    threshold: NDArray[np.float64]
    fpr: NDArray[np.float64]
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]


def draw(run: ReportedRun, split: Split = "val") -> list[Drawing]:
    """Draw both curves of the positive class, of each class against the rest, or of each label."""
    curves, caption = _curves(run, split)
    if not curves:
        return []
    figure = new_figure(3.4)
    roc, pr = figure.subplots(1, 2)
    roc.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
    if len(curves) <= MOST_CURVES:
        numbers = _draw_each(roc, pr, curves)
    if len(curves) > 1:
        means = _draw_mean(roc, pr, list(curves.values()), has_band=len(curves) > MOST_CURVES)
        numbers = means if len(curves) > MOST_CURVES else numbers
        figure.legend(*pr.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    for axes, along, height, title in (
        (roc, "false positive rate", "true positive rate", "ROC"),
        (pr, "recall", "precision", "precision and recall"),
    ):
        axes.set(xlabel=along, ylabel=height, title=title, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
        grid(axes, "both")
    return [Drawing(f"ranking_{split}", f"ROC and precision-recall, {split}", caption, figure, numbers)]


def _curves(run: ReportedRun, split: Split) -> tuple[dict[str, Curve], str]:
    """Return the curves by name, and what they are of."""
    if labels := labeled(run, split):
        curves = {
            one.name: curve(one.target, one.prob) for one in labels if 0 < one.target.sum() < len(one.target)
        }
        return curves, f"{len(curves)} of {len(labels)} labels have samples with and without them."
    found = classified(run, split)
    if found is None:
        return {}, ""
    curves = one_against_rest(found)
    if len(found.classes) == 2:
        return curves, f"The positive class is {found.classes[1]}."
    return curves, f"Each class against the rest; {len(curves)} of {len(found.classes)} classes have samples."


def one_against_rest(found: Classified) -> dict[str, Curve]:
    """Return the curve of each class that has positives and negatives; binary: of the last class only."""
    if found.prob is None:
        return {}
    wanted = [1] if len(found.classes) == 2 else range(len(found.classes))
    return {
        found.classes[k]: curve(found.target == k, found.prob[:, k])
        for k in wanted
        if 0 < (found.target == k).sum() < len(found.target)
    }


def curve(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> Curve:
    """Walk the threshold down; samples with equal scores enter together.

    Args:
        positive: (N,) at least one True and one False.
        score: (N,) higher for the more likely positive.
    """
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    hits, alarms = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
    return Curve(
        threshold=np.append(np.inf, score[order][last]),
        fpr=np.append(0.0, alarms / alarms[-1]),
        recall=np.append(0.0, hits / hits[-1]),
        precision=np.append(1.0, hits / (hits + alarms)),
    )


def _draw_each(roc: Axes, pr: Axes, curves: dict[str, Curve]) -> DataFrame:
    alone = len(curves) == 1
    for i, (name, line) in enumerate(curves.items()):
        color = MODEL if alone else colormaps["viridis"](0.92 * i / (len(curves) - 1))
        look: Look = {"color": color, "linestyle": _DASHES[i % 3], "linewidth": 1.8 if alone else 1.0}
        roc.plot(line.fpr, line.recall, **look)
        pr.plot(line.recall, line.precision, drawstyle="steps-pre", label=short(name, 18), **look)
    return concat([DataFrame({"class": name, **vars(line)}) for name, line in curves.items()])


def _draw_mean(roc: Axes, pr: Axes, curves: list[Curve], *, has_band: bool) -> DataFrame:
    rates = np.stack([np.interp(_PLACES, line.fpr, line.recall) for line in curves])
    # The precision at which a recall is first reached: the steps of average precision.
    reached = [np.searchsorted(line.recall, _PLACES).clip(max=len(line.recall) - 1) for line in curves]
    precisions = np.stack([line.precision[rows] for line, rows in zip(curves, reached, strict=True)])
    columns = {"place": _PLACES}
    for axes, name, values in ((roc, "true_positive_rate", rates), (pr, "precision", precisions)):
        (low, high), mean = np.quantile(values, [0.1, 0.9], axis=0), values.mean(axis=0)
        if has_band:
            axes.fill_between(_PLACES, low, high, color=PALE, linewidth=0, label="8 of 10 classes")
        axes.plot(_PLACES, mean, color=MODEL if has_band else INK, linewidth=2.2, label="mean over classes")
        columns |= {f"{name}_low": low, f"{name}_mean": mean, f"{name}_high": high}
    return DataFrame(columns)
