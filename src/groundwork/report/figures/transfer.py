"""What a run reports of its transfer -> the network as a row of stages: frozen, trained, cut off, cached."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from pandas import DataFrame

from groundwork.report.drawing import INK, MODEL, MUTED, OTHER, PALE, Drawing, Look, new_figure, short
from groundwork.report.folder import RunFolder


def draw(run: RunFolder) -> list[Drawing]:
    """Draw which stages of the backbone were kept, frozen and trained."""
    plan = run.result.get("transfer") or {}
    table = stages(plan)
    if table.empty:
        return []
    figure = new_figure(1.7)
    axes = figure.add_subplot()
    axes.set_axis_off()
    for place, (name, state) in enumerate(table[["stage", "state"]].itertuples(index=False)):
        _draw_box(axes, place, str(name), str(state))
        if place and state != "cut":
            arrow = {"arrowstyle": "-|>", "color": MUTED, "lw": 1}
            axes.annotate("", (place - 0.42, 0), (place - 0.58, 0), arrowprops=arrow)
    cached = table.index[table["cached"]]
    if len(cached):
        start, end = cached.min() - 0.42, cached.max() + 0.42
        axes.plot([start, start, end, end], [-0.62, -0.72, -0.72, -0.62], color=MUTED, linewidth=1)
        axes.text(
            (start + end) / 2, -0.80, "run once, then read from the cache", ha="center", va="top", color=MUTED
        )
    axes.set_xlim(-0.5, len(table) - 0.5)
    axes.set_ylim(-1.15, 0.65)
    caption = "; ".join(
        f"{label}: {', '.join(rows)}"
        for state, label in (("frozen", "frozen"), ("trained", "trained"), ("cut", "cut off"))
        if (rows := [str(name) for name in table.loc[table["state"] == state, "stage"]])
    )
    return [Drawing("transfer_plan", "Transfer plan", f"{caption}.", figure, table)]


def stages(plan: Mapping[str, Any]) -> DataFrame:
    """Return stage, state (frozen, trained or cut) and whether it was cached, in the order of the data."""
    names = _names(plan)
    if not names:
        return DataFrame()
    cut, frozen = plan.get("cut"), plan.get("frozen")
    read = [cut] if isinstance(cut, int) else cut if isinstance(cut, list) and cut else [len(names) - 1]
    last = max(int(stage) for stage in read)
    still = (
        len(names)
        if frozen in ("all", True)
        else len(frozen)
        if isinstance(frozen, list)
        else int(frozen or 0)
    )
    cached = plan.get("cached")
    stored = cached if type(cached) is int else still if cached else 0
    rows = [
        (name, "cut" if i > last else "frozen" if i < still else "trained", bool(i < stored and i <= last))
        for i, name in enumerate(names)
    ]
    rows.insert(last + 1, ("head", "trained", False))  # what was cut off follows it, unconnected
    return DataFrame(rows, columns=["stage", "state", "cached"])


def _names(plan: Mapping[str, Any]) -> list[str]:
    """Return the stages' names: given, numbered, or as many as the plan speaks of."""
    given = plan.get("stages")
    if isinstance(given, list):
        return [str(name) for name in given]
    if isinstance(given, int):
        return [f"stage {i}" for i in range(given)]
    numbers = [plan.get("cut"), plan.get("frozen")]
    spoken = [
        n for entry in numbers for n in (entry if isinstance(entry, list) else [entry]) if type(n) is int
    ]
    return [f"stage {i}" for i in range(max(spoken) + 1)] if spoken else []


def _draw_box(axes: Axes, place: int, name: str, state: str) -> None:
    fill = {"frozen": PALE, "trained": OTHER if name != "head" else MODEL, "cut": "white"}[state]
    axes.add_patch(
        FancyBboxPatch(
            (place - 0.36, -0.42),
            0.72,
            0.84,
            boxstyle="round,pad=0.02,rounding_size=0.08",
            facecolor=fill,
            edgecolor=MUTED,
            linestyle=(0, (3, 2)) if state == "cut" else "-",
            hatch="///" if state == "frozen" else None,
            hatch_linewidth=0.4,
            linewidth=0.8,
        )
    )
    color = "white" if name == "head" else MUTED if state == "cut" else INK
    look: Look = {"ha": "center", "color": color}
    box: Look = {"facecolor": fill, "edgecolor": "none", "pad": 1.5}
    axes.text(place, 0.10, short(name, 12), fontsize=9, bbox=box, va="bottom", **look)
    axes.text(place, -0.10, "cut off" if state == "cut" else state, fontsize=8, bbox=box, va="top", **look)
