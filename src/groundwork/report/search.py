"""Folder of a search -> figures and report.html: the best configuration, how it was found, and every trial."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundwork.core.atomic import write_text
from groundwork.core.bounded import read_json
from groundwork.core.run_folder import RunFolder
from groundwork.report.drawing import style
from groundwork.report.figures.search import draw
from groundwork.report.html import fill, save_pictures
from groundwork.report.number import show, show_seconds
from groundwork.report.page import shown_path
from groundwork.report.table import Cell, Table

STATES = {"complete": "completed", "fail": "failed"}


def write_search(folder: Path) -> Path:
    """Write figures/ and report.html from the folder's search.json and return the page."""
    place = RunFolder(folder)
    search = read_json(place.json_file("search"))
    with style():
        pictures = save_pictures(draw(search), place.figures, ("png", "pdf", "csv"))
    counts = Counter(trial["state"] for trial in search["trials"])
    best = next((trial for trial in search["trials"] if trial["number"] == search["best"]), None)
    text = fill(
        "search.html.j2",
        search=search,
        best=best,
        values=[(key, _written(value)) for key, value in best["values"].items()] if best else [],
        corrected=search.get("corrected"),
        counts=[f"{number} {STATES.get(state, state)}" for state, number in counts.items()],
        mattered=max(search["importance"].items(), key=lambda one: one[1], default=None),
        next_step=search.get("next", ""),
        pictures=pictures,
        table=_table(search),
        place=shown_path(folder),
    )
    write_text(place.report, text)
    return place.report


def _table(search: Mapping[str, Any]) -> Table:
    """List every trial, the best first."""
    keys = list(dict.fromkeys(key for trial in search["trials"] for key in trial["values"]))
    sign = -1.0 if search["direction"] == "max" else 1.0
    trials = sorted(
        search["trials"], key=lambda one: (one["value"] is None, sign * (one["value"] or 0.0), one["number"])
    )
    rows = [
        [
            Cell(str(trial["number"]), trial["reason"] or ""),
            Cell(show(trial["value"]) if trial["value"] is not None else trial["state"]),
            *(Cell(_written(trial["values"].get(key, ""))) for key in keys),
            Cell("" if trial["seconds"] is None else show_seconds(trial["seconds"])),
        ]
        for trial in trials
    ]
    return Table("Trials", ["trial", f"val {search['monitor']}", *keys, "time"], rows)


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
