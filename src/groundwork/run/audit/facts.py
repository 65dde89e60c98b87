"""What a run knows of its data before anything is fitted -> data.json, audit.json."""

from typing import Any

import numpy as np

from groundwork.run.audit.brief import audit_briefly, brief_lines
from groundwork.run.config.own import step_aside
from groundwork.run.prepare import Prepared
from groundwork.run.process.ranks import from_first
from groundwork.run.process.share import data_key, once
from groundwork.run.setting import Setting


def write_facts(setting: Setting, data: dict[str, Any]) -> None:
    """Write `data.json` and `audit.json` before anything is fitted, and say what is worth knowing.

    Args:
        setting: Of the run.
        data: See `describe_data`.
    """
    prepared, folder, screen = setting.prepared, setting.folder, setting.screen
    counts, after = _counts(prepared, setting)
    described = {**data, **_data_facts(setting), "counts": counts, "counts_balanced": after}
    folder.write_json("data.json", described)
    for note in prepared.notes:
        screen.note(note)
    is_balanced = bool(after) and after != counts["train"]
    key = ("audit", data_key(setting.config), is_balanced)
    audit = from_first(lambda: once(key, lambda: audit_briefly(prepared, is_balanced)))
    folder.write_json("audit.json", audit)
    for line in brief_lines(audit):
        screen.say(line)
    reuses = prepared.samples.kind == "image" and setting.config.transfer.pretrained
    if aside := step_aside(setting.config, reuses):
        screen.note(aside)


def _data_facts(setting: Setting) -> dict[str, Any]:
    prepared, target = setting.prepared, setting.prepared.target
    return {
        "task": setting.config.task.name,
        "classes": list(target.classes),
        "targets": list(target.names),
        "content_hash": prepared.content_hash,
        "split_hash": prepared.split_hash,
        "images": {"root": str(prepared.samples.root)},
    }


def _counts(prepared: Prepared, setting: Setting) -> tuple[dict[str, Any], dict[str, Any]]:
    """Count classes by split, and what each class counts for in training after balancing."""
    classes = prepared.target.classes
    if not classes:
        return {split: len(rows) for split, rows in prepared.rows.items()}, {}
    counts: dict[str, Any] = {
        split: dict(zip(classes, prepared.counts(split).tolist(), strict=True)) for split in prepared.rows
    }
    after = setting.balance.counts_after(prepared.counts("train"))
    return counts, dict(zip(classes, np.asarray(after).tolist(), strict=True))
