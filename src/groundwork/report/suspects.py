"""suspects.csv, suspects.json and photographs or rows -> suspects.html, and what the terminal shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame
from rich.console import Group
from rich.text import Text

from groundwork.core.atomic import write_text
from groundwork.core.bounded import read_json, read_table
from groundwork.core.run_folder import RunFolder
from groundwork.report.html import data_address, fill
from groundwork.report.next_step import train_command
from groundwork.report.number import show_interval
from groundwork.report.page import shown_path
from groundwork.report.photos import Photos, encode

MOST_SHOWN = 120


def read_suspects(folder: Path) -> DataFrame:
    """Read the list, the most suspect first."""
    path = RunFolder(folder).suspects
    return read_table(path, lambda file: pd.read_csv(file, dtype={"sample_id": str}, keep_default_na=False))


def write_suspects(folder: Path, photos: Photos, rows: Mapping[str, str]) -> Path:
    """Draw suspects.html beside suspects.csv and return its path.

    Args:
        photos: sample_id -> (H, W, C) pixels of the first ones; none for tables.
        rows: sample_id -> its columns as one line, for tables.
    """
    shown = read_suspects(folder).head(MOST_SHOWN)
    entries = [
        {
            **one,
            "source": data_address(encode(photos[name]), "image/jpeg") if name in photos else None,
            "line": rows.get(name, ""),
        }
        for one in shown.to_dict("records")
        for name in [str(one["sample_id"])]
    ]
    found = read_json(RunFolder(folder).json_file("suspects"))
    html = fill(
        "suspects.html.j2",
        place=shown_path(folder),
        found=found,
        entries=entries,
        lines=suspect_lines(found),
        next_step=_next_step(RunFolder(folder)),
    )
    page = RunFolder(folder).suspects_page
    write_text(page, html)
    return page


def suspect_lines(found: Mapping[str, Any]) -> list[str]:
    """Say what was found, what a list like this finds, and what it costs to find more."""
    planted = found["planted"]
    first, cost = planted["recall_first"], planted["cost"]
    rows = ", ".join(f"{float(share):.0%} of them within {number:,}" for share, number in cost.items())
    return [
        f"{found['listed']:,} of {found['n']:,} labels of train and val are suspect ({found['in_train']:,} in train), "
        f"by {found['model']}, accuracy {found['accuracy']:.3f} out of fold; confident learning puts the share of "
        f"wrong labels at {found['wrong_share']:.1%}",
        f"{planted['planted']:,} labels ({planted['rate']:.0%}) were changed on purpose: such a list holds "
        f"{show_interval(planted['recall_listed'])} of them, the first {first['rows']:,} rows of the ranking "
        f"{show_interval(first)}",
        f"a weak model suspects right labels, too: at most {found['at_most']:.1%} of the labels are wrong, which every "
        f"suspect would have to be",
        f"to find planted labels, look at the ranked rows: {rows}",
    ]


def suspect_summary(folder: Path) -> Group:
    """Return the lines, where list and page lie, and the next command."""
    run = RunFolder(folder)
    lines = [Text(line) for line in suspect_lines(read_json(run.json_file("suspects")))]
    return Group(
        *lines,
        Text.assemble(("suspects ", "dim"), shown_path(run.suspects)),
        Text.assemble(("page     ", "dim"), shown_path(run.suspects_page)),
        Text.assemble(("next     ", "dim"), (_next_step(run), "bold")),
    )


def _next_step(run: RunFolder) -> str:
    """Return the command that trains without the samples of train that the list names."""
    return train_command(read_json(run.json_file("audit")), f"data.drop_samples={shown_path(run.suspects)}")
