"""What a run knows of its data before anything is fitted -> data.json, audit.json."""

from typing import Any

import numpy as np

from groundwork.core.ranks import from_first
from groundwork.data.prepared import Prepared
from groundwork.train.audit.brief import audit_briefly, brief_lines, has_folds
from groundwork.train.context import Context
from groundwork.train.custom import augment_note, step_aside
from groundwork.train.prepare import data_facts
from groundwork.train.share import data_key, once


def write_facts(context: Context) -> None:
    """Write `data.json` and `audit.json` before anything is fitted, and say what is worth knowing."""
    prepared, folder, console = context.prepared, context.folder, context.console
    counts, after = _counts(prepared, context)
    described = context.data | data_facts(prepared, context.config.task.name)
    described |= {"counts": counts, "counts_balanced": after}
    folder.write_json("data", described)
    for note in prepared.notes:
        console.note(note)
    is_balanced = bool(after) and after != counts["train"]
    folds = has_folds(context.config)
    key = ("audit", data_key(context.config), is_balanced, folds)
    audit = from_first(lambda: once(key, lambda: audit_briefly(prepared, is_balanced, folds)))
    folder.write_json("audit", audit)
    for line in brief_lines(audit):
        console.say(line)
    reuses = prepared.samples.kind == "image" and context.config.transfer.pretrained
    for note in filter(None, (step_aside(context.config, reuses), augment_note(context.config))):
        console.note(note)


def _counts(prepared: Prepared, context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """Count classes by split, and what each class counts for in training after balancing."""
    classes = prepared.target.classes
    if prepared.target.has_labels:
        labels = {split: (prepared.targets(split) == 1).sum(axis=0).tolist() for split in prepared.rows}
        return {split: dict(zip(prepared.names, n, strict=True)) for split, n in labels.items()}, {}
    if not classes:
        return {split: len(rows) for split, rows in prepared.rows.items()}, {}
    counts: dict[str, Any] = {
        split: dict(zip(classes, prepared.counts(split).tolist(), strict=True)) for split in prepared.rows
    }
    after = context.balance.counts_after(prepared.counts("train"))
    return counts, dict(zip(classes, np.asarray(after).tolist(), strict=True))
