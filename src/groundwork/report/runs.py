"""Many run folders -> one page that lists them, to be sorted and filtered without a server."""

from collections.abc import Sequence
from datetime import datetime
from os.path import relpath
from pathlib import Path
from typing import Any

from groundwork.core.atomic import write_text
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.report.folder import ReportedRun
from groundwork.report.html import fill
from groundwork.report.number import show, show_interval, show_seconds
from groundwork.report.page import shown_path
from groundwork.report.table import Cell

MOST_LETTERS = 60  # of one changed key
HEAD = ("run", "begun", "status", "metric", "val", "corrected", "test", "n train", "n val", "seed",
        "time", "different from the defaults")  # fmt: skip


def write_runs_page(folders: Sequence[RunFolder], output: Path) -> Path:
    """List runs, the latest first, on one page that links their reports; return its path.

    Raises:
        UserError: If none of the folders holds a run.
    """
    runs = [ReportedRun(folder.path) for folder in folders if folder.json_file("result").exists()]
    if not runs:
        raise UserError("runs= must match runs, but no folder has a result.json. Train one first.")
    runs.sort(key=lambda run: run.folder.config_file.stat().st_mtime, reverse=True)
    rows = [(_link(run, output.parent), _cells(run)) for run in runs]
    write_text(output, fill("runs.html.j2", head=HEAD, rows=rows, place=shown_path(output.parent)))
    return output


def _link(run: ReportedRun, place: Path) -> str:
    """Return the way from the page to the report of a run; nothing if it has none."""
    report = run.folder.report
    return Path(relpath(report.resolve(), place.resolve())).as_posix() if report.exists() else ""


def _cells(run: ReportedRun) -> list[Cell]:
    result, config, metric = run.result, run.config, run.monitor
    n = result.get("n") or {}
    begun = datetime.fromtimestamp(run.folder.config_file.stat().st_mtime)
    status = "debug" if run.folder.is_debug else "sealed" if run.is_sealed else str(result.get("status", ""))
    return [
        Cell(f"{run.path.parent.name}/{run.path.name}"),
        Cell(f"{begun:%Y-%m-%d %H:%M}"),
        Cell(status),
        Cell(metric),
        Cell(_shown((result.get("val") or {}).get(metric))),
        Cell(_shown(run.evidence(metric))),
        Cell(_shown(result["test"].get(metric)) if run.is_sealed else ""),
        *(Cell(f"{n[split]:,}" if isinstance(n.get(split), int) else "") for split in ("train", "val")),
        Cell(str(config.get("seed", ""))),
        Cell(
            show_seconds(total) if (total := (result.get("seconds") or {}).get("total")) is not None else ""
        ),
        Cell(", ".join(_change(key, values[1]) for key, values in (result.get("changes") or {}).items())),
    ]


def _shown(entry: Any) -> str:
    return "" if entry is None else show_interval(entry) if isinstance(entry, dict) else show(entry)


def _change(key: str, value: Any) -> str:
    text = f"{key}={value}"
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"
