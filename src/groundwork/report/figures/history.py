"""history.csv -> learning curves, or the score of each strength of an exact solve."""

from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from pandas import DataFrame, Series, to_numeric

from groundwork.report.drawing import (
    MODEL,
    MUTED,
    OTHER,
    Drawing,
    grid,
    legend_above,
    new_figure,
    plain_log,
    whole_numbers,
)
from groundwork.report.folder import RunFolder
from groundwork.report.number import is_better_high


def draw(run: RunFolder) -> list[Drawing]:
    """Draw how the run came to its checkpoint."""
    if run.history.empty:
        return []
    if "strength" in run.history.columns:
        return _draw_strengths(run)
    return _draw_epochs(run)


def _draw_epochs(run: RunFolder) -> list[Drawing]:
    history = run.history
    place = history["epoch"] if "epoch" in history.columns else Series(range(len(history)))
    panels = ["loss"] if {"train/loss", "val/loss"} & set(history.columns) else []
    if run.monitor != "loss" and f"val/{run.monitor}" in history.columns:
        panels.append(run.monitor)
    if not panels:
        return []
    figure = new_figure(2.9)
    for axes, metric in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw_metric(axes, place, history, metric)
        _mark_best(axes, run.result.get("best_epoch"))
    legend_above(figure.axes[0])
    caption = (
        f"One point per validation. The dashed line marks the epoch whose weights were kept: "
        f"the {'highest' if is_better_high(run.monitor) else 'lowest'} val {run.monitor}."
    )
    return [Drawing("learning_curves", "Learning curves", caption, figure, history)]


def _draw_metric(axes: Axes, place: "Series[Any]", history: DataFrame, metric: str) -> None:
    marker = "o" if len(history) <= 30 else None
    for split, color, dash in (("train", OTHER, (0, (4, 1.5))), ("val", MODEL, "-")):
        if f"{split}/{metric}" in history.columns:
            known = to_numeric(history[f"{split}/{metric}"], errors="coerce")
            rows = known.notna()
            axes.plot(
                place[rows],
                known[rows],
                color=color,
                linestyle=dash,
                marker=marker,
                markersize=3,
                label=split,
            )
    axes.set_title(metric)
    axes.set_xlabel("epoch")
    whole_numbers(axes.xaxis)
    grid(axes)


def _mark_best(axes: Axes, best: float | None) -> None:
    if best is not None:
        axes.axvline(best, color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(
            f"kept: {best:g}",
            (best, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            color=MUTED,
            fontsize=8,
        )


def _draw_strengths(run: RunFolder) -> list[Drawing]:
    history, score = run.history, f"val/{run.monitor}"
    if score not in history.columns:
        return []
    figure = new_figure(3.0)
    axes = figure.add_subplot()
    cuts = list(dict.fromkeys(history["cut"])) if "cut" in history.columns else [None]
    dashes = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)))
    for i, cut in enumerate(cuts):
        rows = history if cut is None else history[history["cut"] == cut]
        rows = rows.sort_values("strength")
        share = i / max(len(cuts) - 1, 1)
        axes.plot(
            rows["strength"],
            rows[score],
            marker="o",
            markersize=3,
            color=colormaps["viridis"](0.92 * (1 - share)),
            linestyle=dashes[i % len(dashes)],
            label=None if cut is None else f"cut {cut}",
        )
    rank = history[score].rank(ascending=is_better_high(run.monitor), method="first")
    best = history.iloc[int(rank.fillna(0).argmax())]
    axes.plot(
        best["strength"], best[score], "o", markersize=10, markerfacecolor="none", color=MODEL, zorder=5
    )
    if (history["strength"] > 0).all():
        plain_log(axes)
    axes.set_xlabel("strength of the penalty")
    axes.set_ylabel(f"val {run.monitor}")
    grid(axes)
    if len(cuts) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    caption = (
        "Each point is one exact solution of the head on cached features; the ring marks the best on val."
    )
    return [Drawing("strengths", "Score by strength and cut", caption, figure, history)]
