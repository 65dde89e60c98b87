"""Prepared data -> the short audit that every run makes: what costs no look at the pixels."""

from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from pandas import DataFrame

from groundwork.data import Store, Stream
from groundwork.data.audit.columns import count_gaps, describe_groups
from groundwork.data.audit.counts import advise_balance, class_counts, missing_classes, rules_of_thumb
from groundwork.data.audit.duplicates import input_content
from groundwork.data.audit.findings import findings
from groundwork.data.audit.giveaway import find_giveaways_fast
from groundwork.data.audit.images import enlarged
from groundwork.data.prepared import Prepared


def audit_briefly(prepared: Prepared, is_balanced: bool, has_folds: bool = False) -> dict[str, Any]:
    """Look at the data as far as it takes no time, beside the notes of the reader and of the split.

    Args:
        is_balanced: Whether the run balances its classes already; it is not told to, then.
        has_folds: Whether folds choose, so that a small val does not decide alone.

    Returns:
        What `audit.json` of a run holds: split_hash, n, gaps, constant, duplicates, rules, findings.
    """
    target, samples, train = prepared.target, prepared.samples, prepared.rows["train"]
    counts = class_counts(target, prepared.encoded, prepared.rows)
    of_classes = counts["train"] if target.classes else None
    inputs = samples.inputs
    constant = [str(name) for name in inputs.columns if inputs[name].iloc[train].nunique(dropna=False) <= 1]
    rules = rules_of_thumb(len(train), of_classes, inputs.shape[1], None)
    source = prepared.source
    found = {
        "kind": samples.kind,
        "n": {split: len(rows) for split, rows in prepared.rows.items()},
        "counts": counts,
        "has_folds": has_folds,
        "enlarged": enlarged(samples, source.shape[-2:]) if isinstance(source, Store | Stream) else {},
        "missing_classes": missing_classes(counts),
        "group_like": describe_groups(samples, prepared.split),
        "dates": dict(samples.dates),
        "giveaways": find_giveaways_fast(
            inputs.iloc[train], samples.categorical, prepared.targets("train"), target.names
        ),
        "advice": {} if is_balanced else advise_balance(target.task, of_classes),
    }
    return {
        "split_hash": prepared.split_hash,
        "n": found["n"],
        "gaps": {name: gaps for name, gaps in count_gaps(inputs).items() if gaps},
        "constant": constant,
        "duplicates": _repeats(prepared),
        "rules": [rule for rule in rules if rule["have"] is not None],
        "findings": [
            {"level": one["level"], "text": f"{one['text']}. {one['remedy']}".strip()}
            for one in findings(found)
        ],
    }


def has_folds(config: DictConfig) -> bool:
    """Tell whether folds choose rather than val alone: those of a split, or those of a frozen head."""
    of_head = OmegaConf.select(config, "transfer.folds") or 1
    return OmegaConf.select(config, "split.k") is not None or of_head > 1


def brief_lines(audit: dict[str, Any]) -> list[str]:
    """Say the short audit in a few lines."""
    n, across = audit["n"], audit["duplicates"]["across"]
    lines = [
        f"{sum(n.values()):,} samples: {n['train']:,} train, {n['val']:,} val, {n['test']:,} test "
        f"(split {audit['split_hash']})"
    ]
    lines += [f"rule of thumb, {one['rule']}: {one['have']:,.4g} ({one['facts']})" for one in audit["rules"]]
    lines += [f"{'' if one['level'] == 'note' else 'warning: '}{one['text']}" for one in audit["findings"]]
    if audit["constant"]:
        lines.append(f"columns of one value in train: {', '.join(audit['constant'][:5])}")
    if across:
        lines.append(f"warning: {across:,} times samples with the same inputs lie in two splits")
    return lines


def _repeats(prepared: Prepared) -> dict[str, int]:
    """Count samples whose inputs are those of another one, and how often the two lie in different splits."""
    source = prepared.source
    digest = source.digest if isinstance(source, Store | Stream) else None
    content = input_content(prepared.samples, digest)
    extra = len(content) - len(np.unique(content))
    if not extra:
        return {"extra": 0, "across": 0}
    splits = DataFrame({"content": content, "split": prepared.split}).groupby("content")["split"].nunique()
    return {"extra": extra, "across": int((splits > 1).sum())}
