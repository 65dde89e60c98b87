"""Metrics of model and baselines -> points with intervals on one axis."""

import numpy as np
from pandas import DataFrame

from groundwork.report.drawing import MODEL, MUTED, OTHER, Drawing, grid, new_figure, short
from groundwork.report.folder import ReportedRun
from groundwork.report.number import in_words, interval_of, show, value_of

FAR = 4  # times as long


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw the monitored metric of the model, with its interval, beside every baseline."""
    table = monitored(run)
    if len(table) < 2:
        return []
    figure = new_figure(0.9 + 0.36 * len(table))
    axes = figure.add_subplot()
    for row, (_, value, low, high, split) in enumerate(table.itertuples(index=False)):
        color = MODEL if split != "baseline" else OTHER
        if low == low and high == high:
            axes.plot([low, high], [row, row], color=color, linewidth=5, alpha=0.35, solid_capstyle="butt")
        axes.plot(value, row, "o" if split != "baseline" else "D", color=color, markersize=7)
        axes.annotate(show(value), (value, row), (0, 7), textcoords="offset points", ha="center", fontsize=8)
    first = table.iloc[0]
    axes.axvspan(first["low"], first["high"], color=MODEL, alpha=0.08, linewidth=0)
    axes.set_yticks(range(len(table)), [short(in_words(name), 28) for name in table["name"]])
    axes.set_ylim(len(table) - 0.5, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.12)
    if cut := _cut(table):
        axes.set_xlim(*cut)
    better = "more is better" if run.more_is_better(run.monitor) else "less is better"
    axes.set_xlabel(f"{run.monitor} ({better})", color=MUTED)
    grid(axes, "x")
    caption = "Bands: 95 % intervals of the model alone. Verdicts compare both on the same samples."
    caption += " A band that ends at the edge goes on beyond it." if cut else ""
    return [Drawing("baselines", "The model beside its baselines", caption, figure, table)]


def _cut(table: DataFrame) -> tuple[float, float] | None:
    """Give an axis on which the values can be told apart, where an interval is far longer than they lie apart."""
    values, bands = table["value"], table.dropna()
    below, above = (bands["value"] - bands["low"]).max(), (bands["high"] - bands["value"]).max()
    reach = FAR * max(np.ptp(values), min(below, above))
    if not 0 < reach < max(below, above):
        return None
    ends = values.min() - min(reach, below), values.max() + min(reach, above)
    margin = 0.06 * (ends[1] - ends[0])
    return ends[0] - margin * (below < reach), ends[1] + margin * (above < reach)


def monitored(run: ReportedRun) -> DataFrame:
    """Return name, value, low, high and split of the monitored metric, the model's val first."""
    result, metric = run.result, run.monitor
    entries = [(f"model, {'corrected' if run.val_chose else 'val'}", run.evidence(metric), "val")]
    entries += [("model, test", (result.get("test") or {}).get(metric), "test")]
    entries += [
        (name, metrics.get(metric), "baseline") for name, metrics in (result.get("baselines") or {}).items()
    ]
    rows = [
        (name, value_of(entry), *(interval_of(entry) or (float("nan"), float("nan"))), split)
        for name, entry, split in entries
        if value_of(entry) is not None
    ]
    return DataFrame(rows, columns=["name", "value", "low", "high", "split"])
