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
    new_figure,
    plain_log,
    ring,
)
from groundwork.report.folder import ReportedRun
from groundwork.report.number import show

PANELS = (
    "Left, linear heads on one stage each; middle, the chosen head on parts of the training rows, and what twice as "
    "many would bring, with its 95 % interval; right, where this data set stands."
)


def draw(run: ReportedRun, told: bool = True) -> list[Drawing]:
    """Draw the evidence that a transfer scenario was recommended from; one of an earlier edition is left out.

    Args:
        told: Let the caption say what was recommended and why, too.
    """
    advice = run.advice
    if not advice or "metric" not in advice:
        return []
    figure = new_figure(2.9)
    depth, curve, place = figure.subplots(1, 3)
    _draw_depth(depth, advice)
    _draw_curve(curve, advice)
    _draw_place(place, advice)
    raced = ", ".join(f"{each['name']} {show(each['score'])}" for each in advice["race"])
    why = f"Recommended: {advice['scenario']}. {'. '.join((*advice['why'], *advice['not_tried']))}. "
    caption = f"{why}Raced: {raced or 'nothing'}. {PANELS}" if told else PANELS
    return [Drawing("advice", "Advice on the transfer scenario", caption, figure, _numbers(advice))]


def _value(advice: Mapping[str, Any], error: float) -> float:
    """Give the metric itself, which an error is the distance of from its best value."""
    perfect: float = advice["evidence"]["perfect"]
    return perfect - error if advice["direction"] == "max" else error


def _draw_depth(axes: Axes, advice: Mapping[str, Any]) -> None:
    evidence = advice["evidence"]
    values = [_value(advice, error) for error in evidence["error_by_stage"]]
    axes.plot(range(len(values)), values, "o-", color=MODEL, markersize=4)
    for stage in evidence["stages"]:
        ring(axes, stage, values[stage])
    axes.set(xlabel="stage that the head reads", ylabel=f"{advice['metric']}, val")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid(axes, "both")


def _draw_curve(axes: Axes, advice: Mapping[str, Any]) -> None:
    sizes, errors = zip(*advice["evidence"]["curve"], strict=True)
    axes.plot(sizes, [_value(advice, error) for error in errors], "o-", color=MODEL, markersize=4)
    if more := advice["evidence"].get("more"):
        value = _value(advice, errors[-1] - more["gain"])
        ends = [_value(advice, errors[-1] - more[end]) for end in ("low", "high")]
        reach = [[max(0.0, value - min(ends))], [max(0.0, max(ends) - value)]]
        twice = sizes[-1] + more["rows"]
        axes.plot([sizes[-1], twice], [_value(advice, errors[-1]), value], ":", color=MUTED)
        axes.errorbar([twice], [value], reach, fmt="o", color=MUTED, markersize=4, capsize=3)
    plain_log(axes)
    axes.set(xlabel="training rows", ylabel=f"{advice['metric']}, val")
    grid(axes, "both")


def _draw_place(axes: Axes, advice: Mapping[str, Any]) -> None:
    evidence = advice["evidence"]
    axes.plot(evidence["samples_per_output"], evidence["similarity"], "o", color=MODEL, markersize=6)
    axes.axhline(0, color=INK, linewidth=0.8)
    plain_log(axes)
    axes.margins(x=0.15)
    low, high = axes.get_ylim()
    reach = max(abs(low), abs(high), 0.1)
    axes.set_ylim(-reach, reach)
    for level, name, side in ((0.97, "the last stage is best", "top"), (0.03, "an earlier one is", "bottom")):
        axes.text(0.03, level, name, transform=axes.transAxes, va=side, color=MUTED)
    axes.set(xlabel="training rows per output", ylabel="similarity")


def _numbers(advice: Mapping[str, Any]) -> DataFrame:
    evidence = advice["evidence"]
    own = {key: evidence[key] for key in ("samples_per_output", "similarity")}
    return DataFrame(
        [
            *(
                {"panel": "depth", "stage": stage, "score": _value(advice, error)}
                for stage, error in enumerate(evidence["error_by_stage"])
            ),
            *(
                {"panel": "curve", "rows": rows, "score": _value(advice, error)}
                for rows, error in evidence["curve"]
            ),
            {"panel": "place", **own},
        ]
    )
