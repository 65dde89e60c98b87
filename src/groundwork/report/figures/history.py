"""history.csv -> learning curves with the chosen epoch."""

from matplotlib.axes import Axes
from pandas import DataFrame, to_numeric

from groundwork.report.drawing import (
    MODEL,
    MUTED,
    OTHER,
    Drawing,
    Look,
    grid,
    legend_above,
    new_figure,
    whole_numbers,
)
from groundwork.report.folder import ReportedRun


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw how the run came to its checkpoint, phase after phase."""
    history = run.history
    if "epoch" in history.columns:
        history = history.dropna(subset=["epoch"])
    panels = ["loss"] if {"train/loss", "val/loss"} & set(history.columns) else []
    if run.monitor != "loss" and f"val/{run.monitor}" in history.columns:
        panels.append(run.monitor)
    if history.empty or "epoch" not in history.columns or not panels:
        return []
    history, starts = _in_a_row(history)
    best = run.result.get("best_epoch")
    figure = new_figure(2.9)
    for axes, metric in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw_metric(axes, history, metric)
        for start in starts[1:]:
            axes.axvline(start, color=MUTED, linewidth=0.8)
        if best is not None:
            _mark_best(axes, starts[-1] + best)
    legend_above(figure.axes[0])
    caption = (
        "One point per validation. The dashed line marks the epoch whose weights were kept: "
        f"the {'highest' if run.more_is_better(run.monitor) else 'lowest'} val {run.monitor}"
        f"{' of the last phase; full lines part the phases' if len(starts) > 1 else ''}."
    )
    return [Drawing("learning_curves", "Learning curves", caption, figure, history)]


def _in_a_row(history: DataFrame) -> tuple[DataFrame, list[float]]:
    """Return the history with a column `place`, epochs counted through all phases, and where each phase starts."""
    if "phase" not in history.columns:
        return history.join(history["epoch"].rename("place")), [0.0]
    lengths = history.groupby("phase")["epoch"].max()
    starts = lengths.cumsum() - lengths
    place = history["epoch"] + history["phase"].map(starts)
    return history.join(place.rename("place")), starts.tolist()


def _draw_metric(axes: Axes, history: DataFrame, metric: str) -> None:
    marker = "o" if len(history) <= 30 else None
    for split, color, dash in (("train", OTHER, (0, (4, 1.5))), ("val", MODEL, "-")):
        if f"{split}/{metric}" in history.columns:
            known = to_numeric(history[f"{split}/{metric}"], errors="coerce").dropna()
            place = history.loc[known.index, "place"]
            axes.plot(place, known, color=color, linestyle=dash, marker=marker, markersize=3, label=split)
    axes.set(title=metric, xlabel="epoch")
    whole_numbers(axes.xaxis)
    grid(axes)


def _mark_best(axes: Axes, best: float) -> None:
    axes.axvline(best, color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)), zorder=1)
    where: Look = {"xycoords": ("data", "axes fraction"), "xytext": (3, -2), "textcoords": "offset points"}
    axes.annotate(f"kept: {best:g}", (best, 1.0), **where, va="top", color=MUTED, fontsize=8)
