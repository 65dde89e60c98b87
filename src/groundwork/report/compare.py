"""Compared groups of runs -> one table for terminal, csv, LaTeX or markdown, and one picture.

The rows come from `evaluate.compare`, one for each group and metric:

group            what the runs of the group share and others do not, such as "optim.lr=0.01"
runs             how many runs (seeds, folds) the group has
metric           name of the metric
mean, sd         over the runs; sd is NaN for one run
low, high        95 % interval of the mean; NaN where there is none
difference, difference_low, difference_high, p
                 optional: to the reference group, paired on the same samples; p after correction
remark           optional: "identical, vary split.seed or fold", "reference", ...
train_size       optional: training samples; where it differs a learning curve is drawn
series           optional: which learning curve a group belongs to; absent: all to one
direction        optional: whether "max" or "min" of the metric is best; absent: as its name says
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from pandas import DataFrame, isna
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from groundwork.core.atomic import write_text
from groundwork.report.drawing import Format, style
from groundwork.report.figures.comparison import draw
from groundwork.report.html import Picture, fill
from groundwork.report.number import show, signed
from groundwork.report.page import shown_path
from groundwork.report.table import Cell
from groundwork.report.table import Table as PageTable

Row = dict[Hashable, Any]
FORMATS: tuple[Format, ...] = ("png", "pdf")  # the numbers of a picture are the rows
# TeX gives these letters a meaning of its own.
_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TEX |= {"±": r"$\pm$", "<": "$<$", ">": "$>$"} | {letter: f"\\{letter}" for letter in "&%$#_{}"}


def compare_table(rows: DataFrame, footnote: str = "") -> Table:
    """Show the groups in the terminal: one block for each metric, one line for each group."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=Text(footnote), caption_justify="left")
    table.add_column("group", overflow="fold")
    has_difference = "difference" in rows.columns and rows["difference"].notna().any()
    for name in ("runs", "mean ± sd", "95 % interval", *(["difference", "p"] if has_difference else [])):
        table.add_column(name, justify="right", overflow="fold")
    for metric, block in rows.groupby("metric", sort=False):
        table.add_row(Text(str(metric), "bold"))
        for row in block.to_dict("records"):
            name = str(row["group"]) + (f" ({row['remark']})" if _has(row, "remark") else "")
            cells = [name, f"{row['runs']:.0f}", _mean(row), _between(row, "low", "high")]
            cells += [_difference(row), _p(row)] if has_difference else []
            table.add_row(*(Text(cell) for cell in cells))  # Text, not markup: [bold] may be a value
        table.add_section()
    return table


def to_markdown(rows: DataFrame, footnote: str = "") -> str:
    """Write the groups as a markdown table."""
    lines = [[_markdown(cell) for cell in line] for line in _lines(rows)]
    lines.insert(1, ["---"] + ["---:"] * (len(lines[0]) - 1))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + (
        f"\n\n{footnote}\n" if footnote else "\n"
    )


def to_latex(rows: DataFrame, footnote: str = "") -> str:
    """Write the groups as a LaTeX table that needs the package booktabs."""
    lines = [[_tex(cell) for cell in line] for line in _lines(rows)]
    head, *body = (f"{' & '.join(line)} \\\\" for line in lines)
    whole = [f"\\begin{{tabular}}{{l{'r' * (len(lines[0]) - 1)}}}", "\\toprule", head, "\\midrule"]
    whole += [*body, "\\bottomrule", "\\end{tabular}"]
    return "\n".join([*whole, *([f"\\par\\footnotesize {_tex(footnote)}"] if footnote else [])]) + "\n"


def write_comparison(
    rows: DataFrame,
    folder: Path | str,
    footnote: str = "",
    next_step: str = "",
) -> list[Path]:
    """Write comparison.html, .csv, .md, .tex and the pictures into a folder and return their paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "comparison.csv": rows.to_csv(index=False, lineterminator="\n"),
        "comparison.md": to_markdown(rows, footnote),
        "comparison.tex": to_latex(rows, footnote),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    paths, pictures = [folder / name for name in texts], []
    with style():
        for drawing in draw(rows):
            pictures.append(Picture(drawing.title, drawing.caption, drawing.save(folder, FORMATS)))
            paths += [folder / f"{drawing.name}.{kind}" for kind in FORMATS]
    head, *groups = _lines(rows)
    page = fill(
        "comparison.html.j2",
        place=shown_path(folder),
        pictures=pictures,
        table=PageTable("Numbers", head, [[Cell(cell) for cell in group] for group in groups]),
        footnote=footnote,
        next_step=next_step,
    )
    write_text(folder / "comparison.html", page)
    return [*paths, folder / "comparison.html"]


def wide(rows: DataFrame) -> DataFrame:
    """Return one row for each group and, as text, two columns for each metric: value and difference."""
    groups = []
    for group, table in rows.groupby("group", sort=False):
        records = table.to_dict("records")
        line = {"group": str(group), "runs": f"{records[0]['runs']:.0f}"}
        for row in records:
            line[str(row["metric"])] = f"{_mean(row)} {_between(row, 'low', 'high')}".strip()
            line[f"{row['metric']}, difference"] = ", ".join(filter(None, (_difference(row), _p(row, "p "))))
        line["remark"] = str(records[0]["remark"]) if _has(records[0], "remark") else ""
        groups.append(line)
    cells = DataFrame(groups).fillna("")
    return cells.loc[:, [name for name in cells.columns if name == "group" or (cells[name] != "").any()]]


def _has(row: Row, name: str) -> bool:
    return name in row and not isna(row[name]) and row[name] != ""


def _mean(row: Row) -> str:
    return show(row["mean"]) + (f" ± {show(row['sd'])}" if _has(row, "sd") else "")


def _between(row: Row, low: str, high: str) -> str:
    return f"[{show(row[low])}, {show(row[high])}]" if _has(row, low) and _has(row, high) else ""


def _difference(row: Row) -> str:
    if not _has(row, "difference"):
        return ""
    return f"{signed(row['difference'])} {_between(row, 'difference_low', 'difference_high')}".strip()


def _p(row: Row, before: str = "") -> str:
    if not _has(row, "p"):
        return ""
    return f"{before}< 0.001" if row["p"] < 0.001 else f"{before}{'= ' if before else ''}{row['p']:.3f}"


def _lines(rows: DataFrame) -> list[list[str]]:
    cells = wide(rows)
    return [
        [str(name) for name in cells.columns],
        *([str(cell) for cell in line] for line in cells.to_numpy()),
    ]


def _markdown(text: str) -> str:
    return re.sub(r"([\\|*_`])", r"\\\1", text).replace("<", "&lt;")


def _tex(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}<>±]", lambda found: _TEX[found[0]], text)
