"""What a run reports of its transfer -> the network as a row of stages: frozen, trained, cut off, cached."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from pandas import DataFrame

from groundwork.report.drawing import INK, MODEL, MUTED, OTHER, PALE, Drawing, Look, new_figure, short
from groundwork.report.folder import ReportedRun


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw which stages of the backbone were kept, frozen and trained."""
    plan = run.result.get("transfer") or {}
    table = stages(plan)
    if table.empty:
        return []
    figure = new_figure(1.7 if table["cached"].any() else 1.3)
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
    axes.set_ylim(-1.15 if len(cached) else -0.65, 0.65)
    caption = "; ".join(
        f"{label}: {', '.join(rows)}"
        for state, label in (("frozen", "frozen"), ("trained", "trained"), ("cut", "cut off"))
        if (rows := [str(name) for name in table.loc[table["state"] == state, "stage"]])
    )
    if isinstance(plan.get("cut"), list) and len(plan["cut"]) > 1:
        caption += (
            f"; read by the head: {', '.join(str(table['stage'].iloc[stage]) for stage in plan['cut'])}"
        )
    return [Drawing("transfer_plan", "Transfer plan", f"{caption}.", figure, table)]


def stages(plan: Mapping[str, Any]) -> DataFrame:
    """Return stage, state (frozen, trained or cut) and whether it was cached, as the data flows."""
    cut, frozen, cached = (_count(plan, "cut", one_more=True), _count(plan, "frozen"), plan.get("cached"))
    given = plan.get("stages") or max(cut or 0, frozen or 0)
    names = [str(name) for name in given] if isinstance(given, list) else [f"stage {i}" for i in range(given)]
    if not names:
        return DataFrame()
    kept = len(names) if cut is None else cut
    still = len(names) if frozen is None else frozen
    stored = cached if type(cached) is int else still if cached else 0
    rows = [
        (name, "cut" if i >= kept else "frozen" if i < still else "trained", i < min(stored, kept))
        for i, name in enumerate(names)
    ]
    rows.insert(kept, ("head", "trained", False))  # what was cut off follows it, unconnected
    return DataFrame(rows, columns=["stage", "state", "cached"])


def _count(plan: Mapping[str, Any], key: str, *, one_more: bool = False) -> int | None:
    """Return how many first stages are meant by a number, a list of stages, or None for all of them."""
    value = plan.get(key)
    if isinstance(value, list):
        return max(value) + 1 if value else 0
    if type(value) is int:  # a bool is no number here
        return value + one_more
    return None if one_more or value in ("all", True) else 0


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
