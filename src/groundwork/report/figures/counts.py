"""Counts per class -> class balance before and after."""

from typing import Any

import numpy as np
from pandas import DataFrame

from groundwork.core.batch import SPLITS
from groundwork.report.drawing import MODEL, OTHER, Drawing, grid, legend_above, name_classes, new_figure
from groundwork.report.folder import ReportedRun


def draw(run: ReportedRun) -> list[Drawing]:
    """Draw how many training samples each class has, and has after balancing."""
    table = class_counts(run)
    if table.empty or "train" not in table.columns:
        return []
    table = table.sort_values("train", ascending=False, kind="stable")
    figure = new_figure(2.5)
    axes = figure.add_subplot()
    place = np.arange(len(table))
    balanced = "balanced" in table.columns
    width = 0.4 if balanced else 0.75
    axes.bar(place - (width / 2 if balanced else 0), table["train"], width, color=MODEL, label="as found")
    if balanced:
        axes.bar(place + width / 2, table["balanced"], width, color=OTHER, label="after balancing")
        legend_above(axes)
    name_classes(axes, table.iloc[:, 0].tolist())
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("training samples")
    grid(axes)
    largest, smallest = table["train"].max(), table["train"].min()
    kind = table.columns[0]
    caption = f"The largest {kind} has {largest:,} training samples, the smallest {smallest:,}."
    return [Drawing("class_balance", f"{kind.capitalize()} balance", caption, figure, table)]


def class_counts(run: ReportedRun) -> DataFrame:
    """Return one row per class, one column per split, and `balanced` where balancing changed the counts."""
    counts: dict[str, Any] = run.data.get("counts") or {}
    columns: dict[str, Any] = {
        str(split): counts[split] for split in SPLITS if isinstance(counts.get(split), dict)
    }
    balanced = run.data.get("counts_balanced")
    if isinstance(balanced, dict) and balanced != columns.get("train"):
        columns["balanced"] = balanced
    names = run.classes or list(next(iter(columns.values()), {}))  # several labels, which are no classes
    if not names:
        return DataFrame()
    table = {key: [n.get(name, 0) for name in names] for key, n in columns.items()}
    return DataFrame({"class" if run.classes else "label": names, **table})
