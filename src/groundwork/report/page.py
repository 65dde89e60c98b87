"""Run folder + pictures -> what stands on the page: the lead, the tables, the sections."""

from pathlib import Path
from typing import Any

from groundwork.core.batch import SPLITS
from groundwork.report.folder import ReportedRun
from groundwork.report.number import (
    CHOSE,
    NOT_CORRECTED,
    NOTHING_CHOSE,
    interval_of,
    show,
    show_verdict,
    value_of,
    whether_pays,
)


def lead(run: ReportedRun) -> dict[str, Any]:
    """Return the monitored metric that is evidence, its strongest baseline and the verdict on it."""
    metric, result = run.monitor, run.result
    entry = run.evidence(metric)
    scores = {
        name: number
        for name, metrics in (result.get("baselines") or {}).items()
        if (number := value_of(metrics.get(metric))) is not None
    }
    best = None
    if scores:
        best = (max if run.more_is_better(metric) else min)(scores, key=lambda name: scores[name])
    return {
        "metric": metric if run.has_monitored else None,
        "value": show(entry),
        "interval": interval_of(entry),
        "baseline": best,
        "baseline_value": show(scores[best]) if best else None,
        "verdict": show_verdict(best, told) if best and (told := run.verdict_on(best)) else None,
        "pays": whether_pays(result),
        "split": "corrected" if run.val_chose else "val",
        "chose": _what_chose(run),
        "n": (result.get("n") or {}).get("val"),
        "test": result["test"].get(metric) if run.is_sealed else None,
    }


def _what_chose(run: ReportedRun) -> str | None:
    if not run.has_monitored:
        return f"{NOTHING_CHOSE[0].upper()}{NOTHING_CHOSE[1:]}."
    return (CHOSE if run.evidence(run.monitor) else NOT_CORRECTED) if run.val_chose else None


def sizes(run: ReportedRun) -> list[tuple[str, Any]]:
    """Return the number of samples of every split."""
    n = run.result.get("n") or {}
    return [(split, n[split]) for split in SPLITS if n.get(split) is not None]


def describe(run: ReportedRun) -> str:
    """Say in one sentence what was predicted from what; of a module of the user's only its name is known."""
    if run.is_own:
        return f"{run.task}, a module of your own."
    data = run.data
    targets = [str(name) for name in data.get("targets") or []]
    what = ", ".join(targets) if targets else "the target"
    if len(run.classes) > 3:
        what += f", one of {len(run.classes)} classes"
    elif run.classes:
        what += f" ({' or '.join(run.classes)})"
    shape = (data.get("image") or {}).get("shape") or []
    color = {1: "grey ", 3: "color "}.get(shape[0] if shape else 0, "")
    size = f" of {' × '.join(map(str, shape[1:]))} pixels" if shape else ""
    source = f"{color}photographs{size}"
    return f"{run.task.capitalize()}: {what}, from {source if data.get('kind') == 'image' else 'table rows'}."


def data_facts(run: ReportedRun) -> dict[str, Any]:
    """Return what identifies the data: sizes, targets, hashes."""
    samples = ", ".join(f"{n:,} {split}" for split, n in sizes(run))
    known = ("targets", "content_hash", "split_hash")
    return {"samples": samples} | {key: run.data[key] for key in known if run.data.get(key)}


def shown_path(path: Path) -> str:
    """Write a path as one would type it here: below the current folder without the way to it."""
    full, here = path.resolve(), Path.cwd()
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()
