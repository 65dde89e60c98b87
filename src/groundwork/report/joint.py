"""result.json of a joint model -> what the terminal shows: its test beside the mean of its members, and the gain."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from groundwork.report.number import show, show_interval
from groundwork.report.page import shown_path

MOST_METRICS = 12


def joint_summary(result: Mapping[str, Any], path: Path) -> Group:
    """Show the sealed test of a joint model, and its paired gain over the mean of its members."""
    number = len(result["members"])
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.title = f"mean of {number} models as one, n = {result['n']['test']:,} test rows"
    table.add_column("metric", no_wrap=True)
    for column in ("joint, 95 %", "mean of singles", "gain, paired 95 %"):
        table.add_column(column, justify="right", no_wrap=True)
    names = sorted(
        (name for name in result["test"] if "/" not in name), key=lambda name: name != result["monitor"]
    )
    for name in names[:MOST_METRICS]:
        gain = result["gain"].get(name) or {}
        told = {"value": gain.get("difference"), "low": gain.get("low"), "high": gain.get("high")}
        cells = [
            name,
            show_interval(result["test"][name]),
            show(result["singles"].get(name)),
            show_interval(told),
        ]
        table.add_row(*map(Text, cells), style="bold" if name == result["monitor"] else None)
    less = [name for name in names if result["directions"].get(name) == "min"]
    lines = [Text(f"Less is better: {', '.join(less)}.", "dim")] if less else []
    lines += [Text(line, "dim") for line in result["notes"]]
    lines.append(Text.assemble(("joint   ", "dim"), shown_path(path)))
    count = result["test_count"]
    have = "configuration has" if count == 1 else "distinct configurations have"
    lines.append(Text(f"{count} {have} been tested on these test rows.", "dim"))
    return Group(table, *lines)
