"""Run folder -> what the terminal shows when a run ends."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from groundwork.report.folder import ReportedRun
from groundwork.report.next_step import next_step
from groundwork.report.number import (
    CHOSE,
    NOT_CORRECTED,
    NOTHING_CHOSE,
    TEST_DID_NOT,
    explain,
    in_words,
    settled,
    show,
    show_interval,
    show_seconds,
    show_verdict,
    tails,
    whether_pays,
)
from groundwork.report.page import shown_path
from groundwork.report.table import metric_names


def summary(run_dir: Path | str) -> Group:
    """Show val metrics beside the baselines, where the run lies, and the command to type next."""
    run = ReportedRun(Path(run_dir))
    place = shown_path(run.path)
    lines = [Text.assemble(("run     ", "dim"), place)]
    if run.folder.report.exists():
        lines.append(Text.assemble(("report  ", "dim"), f"{place}/{run.folder.report.name}"))
    seconds = (run.result.get("seconds") or {}).get("total")
    if seconds is not None:
        lines.append(
            Text.assemble(
                ("time    ", "dim"),
                show_seconds(seconds),
                (" from the start of reading to the report", "dim"),
            )
        )
    count = run.result.get("test_count")
    if count is not None:
        have = "configuration has" if count == 1 else "distinct configurations have"
        lines.append(Text(f"{count} {have} been tested on these test rows.", "dim"))
    if command := next_step(run):
        lines.append(Text.assemble(("next    ", "dim"), (command, "bold")))
    lines.append(Text(f"words   GLOSSARY.md explains {', '.join(_words(run))}", "dim"))
    table = _metrics(run)
    return Group(*([table] if table.row_count else []), *_verdicts(run), *lines)


def _words(run: ReportedRun) -> list[str]:
    """Return the words of the glossary that this run shows."""
    return [
        *(["corrected"] if run.val_chose and not run.is_sealed else []),
        *(["baseline", "beaten"] if run.result.get("baselines") else []),
        "sealed",
    ]


def _metrics(run: ReportedRun) -> Table:
    result = run.result
    baselines = result.get("baselines") or {}
    n = (result.get("n") or {}).get("val")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    chose = f"{result.get('monitor')} chose the checkpoint" if run.has_monitored else "the last weights count"
    table.title = None if n is None else f"{chose}; val, n = {n:,}"
    table.add_column("metric", no_wrap=True)
    # Once sealed, the test carries the interval: three intervals side by side do not fit 80 letters.
    proof = "test" if run.is_sealed else "corrected" if run.val_chose else "val"
    if proof != "val":
        table.add_column("val", justify="right", no_wrap=True)
    table.add_column(f"{proof}, 95 % interval", justify="right", no_wrap=True)
    for name in baselines:
        heading = in_words(name) + ", val" * run.is_sealed
        table.add_column(Text(heading), justify="right", overflow="fold")
    for name in metric_names(run, only_usual=True):
        if name in (result.get("val") or {}):
            proven = result["test"].get(name) if run.is_sealed else run.evidence(name)
            cells = [name, *([show(run.val_entry(name))] if proof != "val" else []), show_interval(proven)]
            cells += [
                show(settled(name, other[name])) if name in other else "" for other in baselines.values()
            ]
            # Text, not markup: a class or baseline may be called [bold].
            table.add_row(*(Text(cell) for cell in cells), style="bold" if name == run.monitor else None)
    return table


def _verdicts(run: ReportedRun) -> list[Text]:
    """Say which number chose and which is evidence, and whom the model beats by the monitored metric."""
    styles = {"better": "green", "undecided": "yellow", "worse": "red"}
    lines = [] if run.has_monitored else [Text(NOTHING_CHOSE, "yellow")]
    if run.val_chose:
        unsealed = CHOSE if run.evidence(run.monitor) else NOT_CORRECTED
        lines.append(Text(TEST_DID_NOT if run.is_sealed else unsealed, "dim"))
    entry, why = run.evidence(run.monitor), ""
    for name, metrics in (run.result.get("baselines") or {}).items():
        if told := run.verdict_on(name):
            lines.append(Text(show_verdict(name, told), styles.get(str(told.get("verdict")), "yellow")))
            why = why or explain(told, entry, metrics.get(run.monitor))
    return [
        *lines,
        *([Text(pays, "bold")] if (pays := whether_pays(run.result)) else []),
        *([Text(why, "dim")] if why else []),
        *(Text(line, "yellow") for line in tails(run.result)),
    ]
