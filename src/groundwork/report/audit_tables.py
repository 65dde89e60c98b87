"""audit.json -> the tables of its page and of the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.core.batch import SPLITS
from groundwork.core.text import shortlist
from groundwork.report.number import show
from groundwork.report.table import Cell, Table

MOST_ROWS = 200


def audit_tables(audit: Mapping[str, Any]) -> list[Table]:
    """Return every table that has a row, in the order of reading."""
    makers = (
        _counts, _rules, _sizes, _bad, _columns, _giveaways, _likeness, _duplicates, _near
    )  # fmt: skip
    return [table for make in makers for table in make(audit) if table.rows]


def rule_rows(audit: Mapping[str, Any]) -> list[list[str]]:
    """Return rule, what there is, verdict and facts of each rule of thumb."""
    words = {True: "met", False: "not met", None: "does not apply"}
    return [
        [one["rule"], "" if one["have"] is None else f"{one['have']:,.4g}", words[one["met"]], one["facts"]]
        for one in audit["rules"]
    ]


def count_rows(audit: Mapping[str, Any]) -> list[list[str]]:
    """Return class and its samples in every split; for regression one row of all."""
    counts = audit["counts"]
    if not audit["classes"]:
        return [["all", *(f"{counts[split]:,}" for split in SPLITS)]]
    return [[name, *(f"{counts[split][name]:,}" for split in SPLITS)] for name in audit["classes"]]


def _counts(audit: Mapping[str, Any]) -> Iterator[Table]:
    yield Table("Samples per class and split", ["class", *SPLITS], _cells(count_rows(audit)))


def _rules(audit: Mapping[str, Any]) -> Iterator[Table]:
    yield Table("Rules of thumb: advice, no gate", ["rule", "here", "", "numbers"], _cells(rule_rows(audit)))


def _sizes(audit: Mapping[str, Any]) -> Iterator[Table]:
    files = audit["files"]
    if not files:
        return
    rows = [
        [side, *(f"{files[side][key]:,}" for key in ("low", "median", "high"))]
        for side in ("width", "height")
    ]
    yield Table("Image sizes in pixels", ["side", "smallest", "median", "largest"], _cells(rows))
    total = files["num_sizes"]
    kinds = [[f"size {one['size']}", f"{one['n']:,}"] for one in files["sizes"]]
    kinds += [[f"other sizes: {total - len(kinds):,}", ""]] if total > len(kinds) else []
    kinds += [[f"mode {mode}", f"{n:,}"] for mode, n in files["modes"].items()]
    kinds += [[f"format {kind}", f"{n:,}"] for kind, n in files["formats"].items()]
    yield Table("Sizes, modes and formats", ["what", "images"], _cells(kinds))


def _bad(audit: Mapping[str, Any]) -> Iterator[Table]:
    bad = [[one["sample_id"], one["reason"]] for one in audit.get("bad") or ()]
    yield Table("Files that cannot be read", ["file", "reason"], _cells(bad))
    notes = [[one["sample_id"], one["note"]] for one in audit.get("decode_notes") or ()]
    yield Table("Files that hold more than is used", ["file", "what is used"], _cells(notes))


def _columns(audit: Mapping[str, Any]) -> Iterator[Table]:
    rows = []
    for one in audit["columns"]:
        gaps = [f"{one['missing'][split]:,}" for split in SPLITS]
        middle = one.get("median")
        usual = show(middle) if middle is not None else str(one.get("most_frequent", ""))
        marks = [("empty", "empty"), ("constant", "constant"), ("names_rows", "names its rows")]
        remark = next((word for key, word in marks if one[key]), "")
        rows.append(
            [Cell(one["name"], remark), *map(Cell, [one["kind"], *gaps, f"{one['distinct']:,}", usual])]
        )
    head = ["column", "kind", *(f"missing in {split}" for split in SPLITS), "values in train", "usual"]
    yield Table("Columns", head, rows)


def _giveaways(audit: Mapping[str, Any]) -> Iterator[Table]:
    rows = [
        [Cell(one["column"], "gives the target away" if one["suspicious"] else ""), Cell(one["target"]),
         Cell(f"{one['skill']:.3f}")]
        for one in audit["giveaways"]
    ]  # fmt: skip
    what = "file property" if audit["kind"] == "image" else "column"
    yield Table(f"What one {what} alone tells of the target, 0 to 1", [what, "target", "skill"], rows)


def _likeness(audit: Mapping[str, Any]) -> Iterator[Table]:
    rows = [
        [Cell(one["of"], "unlike train" if one["differs"] else ""),
         *map(Cell, [one["split"], one["measure"], f"{one['distance']:.3f}", f"{one['p']:.2g}"])]
        for one in audit["likeness"]
    ]  # fmt: skip
    yield Table("Distance from train, 0 to 1", ["of", "split", "measure", "distance", "p"], rows)


def _duplicates(audit: Mapping[str, Any]) -> Iterator[Table]:
    what = "Same pixels" if audit["kind"] == "image" else "Same inputs"
    rows = [
        [Cell(_names(one["members"]), _marks(one)), Cell(f"{len(one['members'])}")]
        for one in audit["duplicates"]["listed"][:MOST_ROWS]
    ]
    yield Table(what, ["samples", "n"], rows)


def _near(audit: Mapping[str, Any]) -> Iterator[Table]:
    found = (audit.get("near_duplicates") or {"listed": []})["listed"][:MOST_ROWS]
    rows = [[Cell(_names(one["members"]), _marks(one)), Cell(f"{one['correlation']:.3f}")] for one in found]
    yield Table("Nearly the same", ["samples", "correlation"], rows)


def _names(members: list[dict[str, str]]) -> str:
    named = (f"{one['sample_id']} ({one['split']}: {one['target']})" for one in members)
    return shortlist(named, 4, between="; ")


def _marks(one: Mapping[str, Any]) -> str:
    words = [("across", "in two splits"), ("conflict", "different targets")]
    return ", ".join(word for key, word in words if one[key])


def _cells(rows: list[list[str]]) -> list[list[Cell]]:
    return [[Cell(text) for text in row] for row in rows]
