"""Predictions -> recall and precision of every class, from the worst to the best."""

import numpy as np

from groundwork.core.batch import Split
from groundwork.report.drawing import MODEL, MUTED, OTHER, Drawing, grid, legend_above, new_figure
from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Classified, classified, per_class

FEWEST = 17  # with fewer classes the matrix and the table say it all


def draw(run: ReportedRun, split: Split = "val") -> list[Drawing]:
    """Draw how unevenly the classes are recognized."""
    found = classified(run, split)
    return [_draw_recalls(found, split)] if found is not None and len(found.classes) >= FEWEST else []


def _draw_recalls(found: Classified, split: Split) -> Drawing:
    table = per_class(found).sort_values("recall", kind="stable", na_position="last")
    figure = new_figure(2.6)
    axes = figure.add_subplot()
    place = np.arange(len(table))
    axes.bar(place, table["recall"].fillna(0.0), width=0.85, color=MODEL, label="recall")
    axes.plot(place, table["precision"], ".", markersize=4, color=OTHER, label="precision")
    absent = table["recall"].isna().to_numpy()
    if absent.any():
        axes.plot(
            place[absent], np.full(absent.sum(), 0.02), "x", markersize=4, color=MUTED, label="no sample"
        )
    axes.set_xlim(-0.6, len(table) - 0.4)
    axes.set_ylim(0, 1.02)
    axes.set_xticks([])
    axes.set_xlabel(f"{len(table)} classes, from the lowest recall to the highest")
    legend_above(axes)
    grid(axes)
    caption = "Names and numbers stand in the table per class, which sorts by any column."
    return Drawing(f"recall_{split}", f"Recall per class, {split}", caption, figure, table)
