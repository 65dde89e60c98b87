"""search.json -> how the search went, what mattered, and the score over each key."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from pandas import DataFrame, to_numeric

from groundwork.report.drawing import (
    MODEL,
    MUTED,
    PALE,
    Drawing,
    grid,
    legend_above,
    new_figure,
    plain_log,
    ring,
    short,
    whole_numbers,
)

MOST_KEYS = 8  # keys that are drawn one by one
MOST_NAMED = 12  # choices on one axis


def draw(search: Mapping[str, Any]) -> list[Drawing]:
    """Draw the history, the importance and the score over each key."""
    trials = DataFrame(search["trials"])
    whole = trials[trials["state"] == "complete"] if len(trials) else trials
    if whole.empty:
        return []
    return [_history(search, whole), *_importance(search), *_keys(search, whole)]


def _history(search: Mapping[str, Any], whole: DataFrame) -> Drawing:
    table = whole[["number", "value"]].sort_values("number").astype({"value": float})
    table["best"] = table["value"].cummax() if search["direction"] == "max" else table["value"].cummin()
    figure = new_figure(2.8)
    axes = figure.add_subplot()
    axes.plot(table["number"], table["value"], "o", color=PALE, markersize=4.5, label="trial")
    axes.step(table["number"], table["best"], where="post", color=MODEL, label="best so far")
    best = table[table["number"] == search["best"]]
    ring(axes, best["number"], best["value"])
    axes.set(xlabel="trial", ylabel=f"val {search['monitor']}")
    whole_numbers(axes.xaxis)
    legend_above(axes)
    grid(axes)
    caption = f"Ringed: trial {search['best']}, the best. Pruned and failed trials have no score here."
    return Drawing("search_history", "How the search went", caption, figure, table)


def _importance(search: Mapping[str, Any]) -> list[Drawing]:
    if not search["importance"]:
        return []
    table = DataFrame({"key": list(search["importance"]), "importance": list(search["importance"].values())})
    figure = new_figure(0.8 + 0.3 * len(table))
    axes = figure.add_subplot()
    axes.barh(range(len(table)), table["importance"], color=MODEL, height=0.6)
    axes.set_yticks(range(len(table)), [short(key, 34) for key in table["key"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("share of the variation of the score", color=MUTED)
    grid(axes, "x")
    caption = (
        "Estimated by a forest of trees on the whole trials (fANOVA); a rough guide where trials are few."
    )
    return [Drawing("search_importance", "What mattered", caption, figure, table)]


def _keys(search: Mapping[str, Any], whole: DataFrame) -> list[Drawing]:
    values = DataFrame(whole["values"].tolist()).assign(score=whole["value"].astype(float).to_numpy())
    ranked = sorted(values.columns.drop("score"), key=lambda key: -search["importance"].get(key, 0.0))
    keys = [key for key in ranked if values[key].astype(str).nunique() > 1][:MOST_KEYS]
    if not keys:
        return []
    rows = -(-len(keys) // 2)
    figure = new_figure(2.2 * rows)
    plots = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes, key in zip(plots, keys, strict=False):
        _one_key(axes, values[[key, "score"]].dropna(), key)
    for axes in plots[len(keys) :]:
        axes.set_axis_off()
    for axes in plots[: len(keys) : 2]:
        axes.set_ylabel(f"val {search['monitor']}")
    caption = "Each point is one whole trial; what looks like an effect may come from another key that moved with it."
    return [Drawing("search_keys", "The score over each key", caption, figure, values)]


def _one_key(axes: Axes, table: DataFrame, key: str) -> None:
    numbers = to_numeric(table[key], errors="coerce")
    is_choice = table[key].map(lambda value: isinstance(value, str | bool)).any() or numbers.isna().any()
    if is_choice:
        names = sorted(table[key].astype(str).unique())[:MOST_NAMED]
        place = [names.index(name) if name in names else len(names) for name in table[key].astype(str)]
        axes.plot(place, table["score"], "o", color=MODEL, markersize=4, alpha=0.6)
        steep = sum(map(len, names)) > 30
        labels = [short(name, 14) for name in names]
        axes.set_xticks(
            range(len(names)), labels, rotation=35 if steep else 0, ha="right" if steep else "center"
        )
        axes.set_xlim(-0.5, len(names) - 0.5)
    else:
        axes.plot(numbers, table["score"], "o", color=MODEL, markersize=4, alpha=0.6)
        if numbers.min() > 0 and numbers.max() / numbers.min() > 12:
            plain_log(axes)
    axes.set_xlabel(short(key, 34))
    grid(axes)
