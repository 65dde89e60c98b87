"""What an audit found -> what a person should know of it, one line each, the gravest first."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from groundwork.core.batch import FOLDS
from groundwork.core.text import shortlist

Finding = dict[str, str]  # level, text and remedy
FILE_FACTS = {"width", "height", "mode", "format"}
LEVELS = ("problem", "warning", "note")
FEW, FEW_OF_CLASS = 50, 10  # samples of val, and of a class in it, below which they decide little
_some = partial(shortlist, most=5)


def findings(audit: Mapping[str, Any]) -> list[Finding]:
    """Judge the parts of an audit; an absent part is silent.

    A problem makes results wrong or stops a run, a warning may do so, a note is good to know.
    """
    found = [
        *_files(audit),
        *_classes(audit),
        *_sizes(audit),
        *_columns(audit),
        *_giveaways(audit),
        *_groups(audit),
        *_duplicates(audit),
        *_near(audit),
        *_likeness(audit),
        *_rules(audit),
    ]
    return sorted(found, key=lambda one: LEVELS.index(one["level"]))


def _say(level: str, text: str, remedy: str = "") -> Finding:
    return {"level": level, "text": text, "remedy": remedy}


def _named(level: str, what: str, names: Sequence[str], remedy: str = "") -> Iterator[Finding]:
    """Say what some names have in common, if there are any."""
    if names:
        yield _say(level, f"{what}: {_some(names)}", remedy)


def _files(audit: Mapping[str, Any]) -> Iterator[Finding]:
    bad = [f"{one['sample_id']} ({one['reason']})" for one in audit.get("bad") or ()]
    yield from _named("problem", f"{len(bad):,} files cannot be read", bad, "Repair or remove them.")
    for obstacle in audit.get("obstacles") or ():
        yield _say("problem", f"training would stop: {obstacle.rstrip('.')}")
    noted = [f"{one['sample_id']} ({one['note']})" for one in audit.get("decode_notes") or ()]
    yield from _named("note", f"{len(noted):,} files hold more than is used", noted)
    if size := audit.get("enlarged"):
        small, large = (f"{width} x {height}" for width, height in (size["from"], size["to"]))
        yield _say(
            "note",
            f"images are enlarged from {small} (median) to {large} pixels",
            f"A smaller size computes faster: data.image_size={max(size['from'])}.",
        )
    files = audit.get("files") or {}
    if len(files.get("modes") or ()) > 1:
        modes = ", ".join(f"{mode} {n:,}" for mode, n in files["modes"].items())
        yield _say("note", f"images come in several modes ({modes}); all are brought to one")


def _classes(audit: Mapping[str, Any]) -> Iterator[Finding]:
    for split, names in (audit.get("missing_classes") or {}).items():
        grave = "problem" if split == "train" else "warning"
        yield _say(
            grave,
            f"{len(names):,} classes have no sample in {split}: {_some(names)}",
            "Collect more of them, join them with others, or leave them out.",
        )
    advice = audit.get("advice") or {}
    if advice.get("balance", "none") != "none":
        yield _say("warning", advice["why"], f"Use balance={advice['balance']} monitor={advice['monitor']}.")


def _sizes(audit: Mapping[str, Any]) -> Iterator[Finding]:
    """Say if val, or a class in it, is too small to decide."""
    val = (audit.get("n") or {}).get("val") or 0
    of_classes = (audit.get("counts") or {}).get("val")
    known = {name: n for name, n in of_classes.items() if n} if isinstance(of_classes, Mapping) else {}
    rare = {name: n for name, n in known.items() if n < FEW_OF_CLASS}
    if not val or audit.get("has_folds") or not (val < FEW or rare):
        return
    if val < FEW:
        points = 100 * 1.96 * (0.8 * 0.2 / val) ** 0.5
        text = f"val has {val:,} samples, too few to decide"
        text += f": an accuracy of 0.8 would be known to about ± {points:.0f} points" if known else ""
    else:
        have = "class has" if len(rare) == 1 else "classes have"
        text = f"{len(rare):,} {have} fewer than {FEW_OF_CLASS} samples in val: {_some(list(rare))}"
    yield _say("warning" if val < FEW else "note", text, f"Use folds: {FOLDS}.")


def _columns(audit: Mapping[str, Any]) -> Iterator[Finding]:
    columns = audit.get("columns") or ()
    left_out = [f"{name} ({reason})" for name, reason in (audit.get("left_out") or {}).items()]
    keep = "Name them in data.inputs to keep them."
    yield from _named("note", "columns left out of the inputs", left_out, keep)
    empty = [one["name"] for one in columns if one["empty"]]
    yield from _named("problem", "columns without any value in train", empty, "Name them in data.drop.")
    constant = [one["name"] for one in columns if one["constant"] and not one["empty"]]
    yield from _named("note", "columns of one value in train", constant, "Name them in data.drop.")
    naming = [one["name"] for one in columns if one["names_rows"]]
    leave_out = "Name them in data.id_column or data.drop."
    yield from _named("warning", "categories that name their rows", naming, leave_out)
    if endless := [one["name"] for one in columns if one["infinite"]]:
        yield _say("note", f"columns with infinite values: {_some(endless)}; they count as missing")
    gaps = {one["name"]: sum(one["missing"].values()) for one in columns}
    with_gaps = sorted(((name, n) for name, n in gaps.items() if n), key=lambda one: -one[1])
    found = [f"{name} ({n:,})" for name, n in with_gaps]
    fill = "Choose how they are filled with missing=."
    yield from _named("note", f"{len(found):,} columns have missing values", found, fill)
    if gaps := {name: n for name, n in (audit.get("target_gaps") or {}).items() if n}:
        named = _some([f"{name} ({n:,})" for name, n in gaps.items()])
        yield _say("warning", f"missing targets: {named}; those rows are left out here")


def _giveaways(audit: Mapping[str, Any]) -> Iterator[Finding]:
    groups = {one["column"] for one in audit.get("group_like") or ()}
    for one in audit.get("giveaways") or ():
        of_files = audit.get("kind") == "image" and one["column"] in FILE_FACTS
        of = "file property" if of_files else "column"
        if one["suspicious"]:
            yield _say(
                "problem",
                f"{of} {one['column']!r} alone predicts {one['target']} (skill {one['skill']:.3f} of 1 in train)",
                _remedy(one["column"], groups, audit.get("dates") or {})
                if of == "column"
                else "The network may learn it in place of the content: make files alike.",
            )


def _remedy(column: str, groups: set[str], dates: Mapping[str, str]) -> str:
    if column in dates:
        return f"Let it split rather than teach: split=chronological data.order_column={column}."
    if column in groups:
        return f"Let it split rather than teach: data.group={column}."
    return "If it is known only after the fact, name it in data.drop."


def _groups(audit: Mapping[str, Any]) -> Iterator[Finding]:
    for one in audit.get("group_like") or ():
        if one["across"]:
            yield _say(
                "warning",
                f"column {one['column']!r} repeats {one['values']:,} values, {one['across']:,} in several parts",
                f"If rows of one value belong together, as those of a patient do, use data.group={one['column']}.",
            )
    for name, written in (audit.get("dates") or {}).items():
        first = f"write them as 2024-02-29 (now {written}), and " if written else ""
        yield _say(
            "warning",
            f"column {name!r} holds dates that the split does not use",
            f"If the model is for later rows, {first}use split=chronological data.order_column={name}.",
        )


def _duplicates(audit: Mapping[str, Any]) -> Iterator[Finding]:
    found = audit.get("duplicates") or {}
    if not found.get("groups"):
        return
    what = "images" if audit.get("kind") == "image" else "rows of inputs"
    together = "" if found["across"] else "; each lies in one split"
    yield _say("note", f"{found['extra']:,} {what} repeat another one exactly{together}")
    if found["across"]:
        yield _say(
            "problem",
            f"{found['across']:,} times the same {what} lie in two splits",
            "The test measures memory there: remove them from one of the two, or cut anew by split=stratified.",
        )
    if found["conflicts"]:
        bound = found.get("best_possible")
        most = f"; no model can exceed accuracy {bound:.3f}" if bound is not None and bound < 1 else ""
        yield _say("warning", f"{found['conflicts']:,} times the same {what} have different targets{most}")


def _near(audit: Mapping[str, Any]) -> Iterator[Finding]:
    found = audit.get("near_duplicates") or {}
    if not found.get("pairs"):
        return
    least = "" if found["is_complete"] else "at least "
    where = ", ".join(f"{n:,} {where}" for where, n in found["by_splits"].items())
    yield _say(
        "warning" if found["across"] else "note",
        f"{least}{_pairs(found['pairs'])} of {found['samples']:,} photographs show nearly the same ({where})",
        "Name what they share in data.group, so that it stays in one split." if found["across"] else "",
    )
    if found["conflicts"]:
        yield _say(
            "warning", f"different targets in {_pairs(found['conflicts'])} of nearly equal photographs"
        )


def _pairs(count: int) -> str:
    return f"{count:,} pair{'' if count == 1 else 's'}"


def _likeness(audit: Mapping[str, Any]) -> Iterator[Finding]:
    far = [
        f"{one['of']} in {one['split']} ({one['measure']} {one['distance']:.2f})"
        for one in audit.get("likeness") or ()
        if one["differs"]
    ]
    yield from _named("warning", "distributed unlike train", far)


def _rules(audit: Mapping[str, Any]) -> Iterator[Finding]:
    for one in audit.get("rules") or ():
        if one["met"] is False:
            yield _say("note", f"rule of thumb, {one['rule']}: {one['have']:,.4g} ({one['facts']})")
