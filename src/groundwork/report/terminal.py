"""Run folder -> what the terminal shows when a run ends."""

from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from groundwork.report.folder import RunFolder
from groundwork.report.number import show, show_interval, show_seconds, verdict
from groundwork.report.page import SAID, shown_path
from groundwork.report.table import metric_names, val_entry


def summary(run_dir: Path | str) -> Group:
    """Show val metrics beside the baselines, where the run lies, and the command to type next."""
    run = RunFolder(Path(run_dir))
    place = shown_path(run.path)
    lines = [
        Text.assemble(("run     ", "dim"), place),
        Text.assemble(("report  ", "dim"), f"{place}/report.html"),
    ]
    seconds = (run.result.get("seconds") or {}).get("total")
    if seconds is not None:
        lines.append(Text.assemble(("time    ", "dim"), show_seconds(seconds)))
    if run.is_sealed:
        count = run.result.get("test_count")
        lines.append(
            Text(f"{count} distinct configurations tested on this split.", "dim") if count else Text("")
        )
    else:
        command = f"uv run scripts/evaluate.py run={place} split=test"
        lines.append(Text.assemble(("next    ", "dim"), (command, "bold")))
    return Group(_metrics(run), *_verdicts(run), *lines)


def _metrics(run: RunFolder) -> Table:
    result = run.result
    baselines = result.get("baselines") or {}
    n = (result.get("n") or {}).get("val")
    table = Table(title_justify="left", title=None if n is None else f"val, n = {n:,}")
    table.add_column("metric", no_wrap=True)
    table.add_column("val, 95 % interval", justify="right", no_wrap=True)
    if run.is_sealed:
        table.add_column("test, 95 % interval", justify="right", no_wrap=True)
    for name in baselines:
        table.add_column(Text(str(name)), justify="right")
    for name in metric_names(run):
        if name not in (result.get("val") or {}):
            continue
        test = [show_interval(result["test"].get(name))] if run.is_sealed else []
        others = [show(metrics[name]) if name in metrics else "" for metrics in baselines.values()]
        cells = [name, show_interval(val_entry(run, name)), *test, *others]
        # Text, not markup: a class or baseline may be called [bold].
        table.add_row(*(Text(cell) for cell in cells), style="bold" if name == run.monitor else None)
    return table


def _verdicts(run: RunFolder) -> list[Text]:
    """Say of each baseline whether the model beats it beyond the interval, by the monitored metric."""
    entry = val_entry(run, run.monitor)
    styles = {"beaten": "green", "within": "yellow", "better": "red", "undefined": "yellow"}
    lines = []
    for name, metrics in (run.result.get("baselines") or {}).items():
        if run.monitor in metrics:
            found = verdict(run.monitor, entry, metrics[run.monitor])
            lines.append(
                Text.assemble(f"{name}: ", (SAID[found], styles[found]), (f" ({run.monitor})", "dim"))
            )
    return lines
