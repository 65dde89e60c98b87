"""audit.json and photographs -> audit.html: one file that needs no network."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame

from groundwork.core.atomic import write_text
from groundwork.core.batch import SPLITS
from groundwork.core.bounded import read_json
from groundwork.core.run_folder import RunFolder
from groundwork.report.audit_tables import audit_tables
from groundwork.report.audit_terminal import audit_summary
from groundwork.report.drawing import (
    MODEL,
    OTHER,
    Drawing,
    grid,
    legend_above,
    name_classes,
    new_figure,
    short,
    style,
)
from groundwork.report.html import Picture, data_address, fill
from groundwork.report.next_step import train_command
from groundwork.report.page import shown_path
from groundwork.report.photos import Photos, encode

__all__ = ["audit_summary", "wanted_samples", "write_audit"]

MOST_PAIRS = 24  # of exact and of near duplicates, side by side
DRAWN = ("train", "val")  # no picture of test before it is sealed
HIDDEN = "test photographs are named, not shown, until the test is sealed"


def write_audit(folder: Path, photos: Photos) -> Path:
    """Draw audit.html beside audit.json and return its path.

    Args:
        photos: sample_id -> (H, W, C) pixels of those that `wanted_samples` names; absent ones are left out.
    """
    audit = read_json(RunFolder(folder).json_file("audit"))
    addresses = {name: data_address(encode(pixels), "image/jpeg") for name, pixels in photos.items()}
    with style():
        pictures = [
            Picture(drawing.title, drawing.caption, drawing.png())
            for drawing in (*_class_counts(audit), *_histograms(audit))
        ]
    html = fill(
        "audit.html.j2",
        audit=audit,
        place=shown_path(folder),
        sizes=[(split, audit["n"][split]) for split in SPLITS],
        pictures=pictures,
        tables=audit_tables(audit),
        grid={
            name: [addresses[one] for one in ids if one in addresses] for name, ids in audit["grid"].items()
        }
        if addresses
        else {},
        pairs=[(title, list(_pairs(found, addresses))) for title, found in _pair_lists(audit)]
        if addresses
        else [],
        hidden=HIDDEN,
        next_step=train_command(audit),
    )
    page = RunFolder(folder).audit_page
    write_text(page, html)
    return page


def wanted_samples(folder: Path) -> list[str]:
    """Return the sample_ids whose photographs the page shows; none of test."""
    audit = read_json(RunFolder(folder).json_file("audit"))
    of_classes = [name for names in audit["grid"].values() for name in names]
    of_pairs = [
        member["sample_id"]
        for _, found in _pair_lists(audit)
        for one in found
        for member in one["members"][:2]
        if member["split"] in DRAWN
    ]
    return [*dict.fromkeys([*of_classes, *of_pairs])]


def _pair_lists(audit: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    if audit["kind"] != "image":
        return []
    lists = [
        ("The same pixels", audit["duplicates"]["listed"][:MOST_PAIRS]),
        ("Nearly the same", audit["near_duplicates"]["listed"][:MOST_PAIRS]),
    ]
    return [(title, found) for title, found in lists if found]


def _pairs(found: Sequence[Mapping[str, Any]], addresses: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for one in found:
        sides = [{**member, "source": addresses.get(member["sample_id"])} for member in one["members"][:2]]
        more = len(one["members"]) - 2
        yield {**one, "sides": sides, "more": more, "correlation": one.get("correlation")}


def _class_counts(audit: Mapping[str, Any]) -> Iterator[Drawing]:
    if not audit["classes"]:
        return
    table = DataFrame({"class": audit["classes"]} | {s: list(audit["counts"][s].values()) for s in DRAWN})
    table = table.sort_values("train", ascending=False, kind="stable")
    figure = new_figure(2.5)
    axes = figure.add_subplot()
    place = np.arange(len(table))
    for number, (split, color) in enumerate(zip(DRAWN, (MODEL, OTHER), strict=True)):
        axes.bar(place + 0.4 * number - 0.2, table[split], 0.4, color=color, label=split)
    if name_classes(axes, table["class"].tolist()):
        figure.set_figheight(2.9)
    axes.set_ylabel("samples")
    legend_above(axes)
    grid(axes)
    ratio = audit["advice"].get("ratio")
    caption = (
        f"The largest class has {ratio:.1f} times the training samples of the smallest." if ratio else ""
    )
    yield Drawing("class_counts", "Samples per class", caption, figure, table)


def _histograms(audit: Mapping[str, Any]) -> Iterator[Drawing]:
    for name, found in audit["histograms"].items():
        edges = np.asarray(found["edges"])
        figure = new_figure(2.3)
        axes = figure.add_subplot()
        for split, color in zip(DRAWN, (MODEL, OTHER), strict=True):
            counts = np.asarray(found[split])
            axes.stairs(counts / max(1, counts.sum()), edges, color=color, label=split, linewidth=1.6)
        axes.set_xlabel(short(name, 60))
        axes.set_ylabel("share of the split")
        legend_above(axes)
        grid(axes)
        numbers = DataFrame({"low": edges[:-1], "high": edges[1:]} | {split: found[split] for split in DRAWN})
        yield Drawing(f"target_{name}", f"Target {name}", "Alike where both lines agree.", figure, numbers)
