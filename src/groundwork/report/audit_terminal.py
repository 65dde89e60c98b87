"""audit.json -> what a person sees on the terminal."""

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from groundwork.core.batch import SPLITS
from groundwork.core.bounded import read_json
from groundwork.core.run_folder import RunFolder
from groundwork.report.audit_tables import count_rows, rule_rows
from groundwork.report.next_step import train_command
from groundwork.report.page import shown_path

MOST_CLASSES = 12
STYLES = {"problem": "bold red", "warning": "yellow", "note": "dim"}


def audit_summary(folder: Path) -> RenderableType:
    """Return counts, rules of thumb, findings and advice of an audit, to be printed."""
    audit = read_json(RunFolder(folder).json_file("audit"))
    advice = audit["advice"]
    return Group(
        _table("", ["class", *SPLITS], _shortened(count_rows(audit)), right=3),
        _table("rules of thumb: advice, no gate", ["rule", "here", "", "numbers"], rule_rows(audit), right=0),
        *(_finding(one) for one in audit["findings"]),
        Text.assemble(
            ("advice   ", "bold green"),
            f"balance={advice['balance']}, monitor={advice['monitor']}: {advice['why']}",
        ),
        Text.assemble(("page     ", "dim"), shown_path(RunFolder(folder).audit_page)),
        Text.assemble(("next     ", "dim"), (train_command(audit), "bold")),
    )


def _finding(one: dict[str, Any]) -> Text:
    # Text, not markup: a file may be called [bold].
    return Text.assemble(
        (f"{one['level']:<9}", STYLES[one["level"]]), f"{one['text']}.", (f" {one['remedy']}", "dim")
    )


def _shortened(rows: list[list[str]]) -> list[list[str]]:
    """Leave out the middle of many classes: the largest and the smallest in train tell most."""
    if len(rows) <= MOST_CLASSES:
        return rows
    rows = sorted(rows, key=lambda row: -int(row[1].replace(",", "")))
    half = MOST_CLASSES // 2
    return [*rows[:half], [f"{len(rows) - 2 * half} more", "", "", ""], *rows[-half:]]


def _table(title: str, head: list[str], rows: list[list[str]], right: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left", title=title or None)
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number >= len(head) - right else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
