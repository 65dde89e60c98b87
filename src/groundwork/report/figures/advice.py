"""advice.json -> where the data set stands: score by depth, learning curve, and size against similarity."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from groundwork.report.drawing import (
    INK,
    MODEL,
    MUTED,
    Drawing,
    grid,
    legend_above,
    new_figure,
    plain_log,
    ring,
)
from groundwork.report.folder import ReportedRun


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw the evidence that a transfer scenario was recommended from."""
    advice = run.advice
    if not advice:
        return []
    figure = new_figure(2.9)
    depth, curve, place = figure.subplots(1, 3)
    _draw_depth(depth, advice)
    _draw_curve(curve, advice)
    _draw_place(place, advice)
    expected = ", ".join(
        f"{name} {each['score']:.3f}{'' if each['measured'] else ' (from other data sets)'}"
        for name, each in advice["expected"].items()
    )
    caption = (
        f"Recommended: {advice['scenario']}, then {advice['runner_up']}. Expected on val: {expected}. "
        f"Left, linear heads on one stage each; middle, the chosen head on parts of the training rows; right, this "
        f"data set (ringed) among those that the advice was calibrated on, filled where training the backbone won."
    )
    return [Drawing("advice", "Advice on the transfer scenario", caption, figure, _numbers(advice))]


def _draw_depth(axes: Axes, advice: Mapping[str, Any]) -> None:
    evidence = advice["evidence"]
    scores = [evidence["perfect"] - error for error in evidence["error_by_stage"]]
    axes.plot(range(len(scores)), scores, "o-", color=MODEL, markersize=4)
    for stage in evidence["stages"]:
        ring(axes, stage, scores[stage])
    axes.set(xlabel="stage that the head reads", ylabel="score on val")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid(axes, "both")


def _draw_curve(axes: Axes, advice: Mapping[str, Any]) -> None:
    evidence = advice["evidence"]
    sizes, errors = zip(*evidence["curve"], strict=True)
    axes.plot(sizes, [evidence["perfect"] - error for error in errors], "o-", color=MODEL, markersize=4)
    plain_log(axes)
    axes.set(xlabel="training rows", ylabel="score on val")
    grid(axes, "both")


def _draw_place(axes: Axes, advice: Mapping[str, Any]) -> None:
    evidence = advice["evidence"]
    for trained, label in ((False, "a frozen head won"), (True, "training won")):
        rows = [row for row in advice["measured"] if row["trained"] == trained]
        axes.plot(
            [row["samples_per_output"] for row in rows],
            [row["similarity"] for row in rows],
            "o",
            color=MUTED,
            markerfacecolor=MUTED if trained else "white",
            markersize=5,
            label=label,
        )
    axes.plot(evidence["samples_per_output"], evidence["similarity"], "o", color=MODEL, markersize=6)
    ring(axes, evidence["samples_per_output"], evidence["similarity"])
    axes.axhline(0, color=INK, linewidth=0.8)
    plain_log(axes)
    axes.margins(x=0.15)
    low, high = axes.get_ylim()
    reach = max(abs(low), abs(high))
    axes.set_ylim(-reach, reach)
    for level, name, side in ((0.97, "similar", "top"), (0.03, "different", "bottom")):
        axes.text(0.03, level, name, transform=axes.transAxes, va=side, color=MUTED)
    axes.set(xlabel="training rows per output", ylabel="similarity")
    if advice["measured"]:
        legend_above(axes, columns=1)


def _numbers(advice: Mapping[str, Any]) -> DataFrame:
    evidence = advice["evidence"]
    perfect = evidence["perfect"]
    own = {"data": "this", **{key: evidence[key] for key in ("samples_per_output", "similarity")}}
    return DataFrame(
        [
            *(
                {"panel": "depth", "stage": i, "score": perfect - e}
                for i, e in enumerate(evidence["error_by_stage"])
            ),
            *(
                {"panel": "curve", "rows": rows, "score": perfect - error}
                for rows, error in evidence["curve"]
            ),
            *({"panel": "place", **row} for row in (own, *advice["measured"])),
        ]
    )
