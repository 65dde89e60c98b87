"""Run folder + pictures -> what stands on the page: the lead, the tables, the sections."""

from collections.abc import Mapping
from typing import Any

from groundwork.batch import SPLITS
from groundwork.report.figures.counts import class_counts
from groundwork.report.folder import RunFolder
from groundwork.report.number import interval_of, is_better_high, show, show_interval, value_of, verdict

HEADLINE = {
    "classification": (
        "accuracy",
        "balanced_accuracy",
        "f1",
        "auroc",
        "average_precision",
        "log_loss",
        "ece",
    ),
    "regression": ("rmse", "mae", "r2", "pearson", "spearman"),
}


def lead(run: RunFolder) -> dict[str, Any]:
    """Return the monitored metric on val, its strongest baseline and the verdict on it."""
    metric, result = run.monitor, run.result
    entry = val_entry(run, metric)
    scores = {
        name: number
        for name, metrics in (result.get("baselines") or {}).items()
        if (number := value_of(metrics.get(metric))) is not None
    }
    best = None
    if scores:
        best = (max if is_better_high(metric) else min)(scores, key=lambda name: scores[name])
    return {
        "metric": metric,
        "value": show(entry),
        "interval": interval_of(entry),
        "baseline": best,
        "baseline_value": show(scores[best]) if best else None,
        "verdict": verdict(metric, entry, scores[best]) if best else None,
        "n": (result.get("n") or {}).get("val"),
        "test": result["test"].get(metric) if run.is_sealed else None,
    }


def val_entry(run: RunFolder, metric: str) -> Any:
    """Return a val metric with its interval where there is one, else its bare number."""
    intervals = (run.result.get("intervals") or {}).get("val") or {}
    return intervals.get(metric) or (run.result.get("val") or {}).get(metric)


def metric_names(run: RunFolder) -> list[str]:
    """Return the metrics of the whole split in reading order: the monitored one, the usual ones, the rest."""
    known = dict.fromkeys(name for split in SPLITS for name in run.result.get(split) or {})
    first = [run.monitor, *HEADLINE.get(run.task, ())]
    return [name for name in dict.fromkeys([*first, *known]) if name in known and "/" not in name]


def metric_table(run: RunFolder) -> dict[str, Any]:
    """Return every metric on train, val and, once sealed, test, beside the baselines on val."""
    result = run.result
    baselines: Mapping[str, Mapping[str, Any]] = result.get("baselines") or {}
    splits = [split for split in SPLITS if result.get(split)]
    head = [*splits, *baselines]
    rows = []
    for name in metric_names(run):
        cells = [
            show_interval(val_entry(run, name) if split == "val" else result[split].get(name))
            if name in result[split]
            else ""
            for split in splits
        ]
        cells += [show(metrics[name]) if name in metrics else "" for metrics in baselines.values()]
        rows.append((name, cells))
    return {"splits": splits, "baselines": list(baselines), "head": head, "rows": rows}


def parts_table(run: RunFolder) -> dict[str, Any]:
    """Return the metrics of single targets or classes that the run reports, one row for each part."""
    val = run.result.get("val") or {}
    names = [name for name in val if "/" in name]
    metrics = list(dict.fromkeys(name.split("/", 1)[0] for name in names))
    parts = list(dict.fromkeys(name.split("/", 1)[1] for name in names))
    rows = [
        (part, [show_interval(val_entry(run, f"{metric}/{part}")) for metric in metrics]) for part in parts
    ]
    return {"metrics": metrics, "rows": rows}


def sizes(run: RunFolder) -> list[tuple[str, Any]]:
    """Return the number of samples of every split."""
    n = run.result.get("n") or {}
    return [(split, n[split]) for split in SPLITS if n.get(split) is not None]


def sizes_by_class(run: RunFolder) -> dict[str, Any]:
    """Return one row per class: samples in every split."""
    table = class_counts(run)
    return {
        "head": list(table.columns[1:]),
        "rows": [(row[0], list(row[1:])) for row in table.itertuples(index=False)],
    }


def describe(run: RunFolder) -> str:
    """Say in one sentence what was predicted from what."""
    data = run.data
    targets = [str(name) for name in data.get("targets") or []]
    what = ", ".join(targets) if targets else "the target"
    if run.task == "classification":
        classes = run.classes
        what += (
            f", one of {len(classes)} classes"
            if len(classes) > 3
            else f" ({' or '.join(classes)})" * bool(classes)
        )
    image = data.get("image") or {}
    size = image.get("size")
    height_width = (
        " × ".join(map(str, size)) if isinstance(size, list) else f"{size} × {size}" if size else ""
    )
    channels = {1: "grey ", 3: "color "}.get(image.get("channels", 0), "")
    source = f"{channels}photographs of {height_width} pixels" if height_width else "photographs"
    return f"{run.task.capitalize()}: {what}, from {source if data.get('kind') == 'image' else 'table rows'}."


def data_facts(run: RunFolder) -> dict[str, Any]:
    """Return what identifies the data: sizes, targets, hashes."""
    facts: dict[str, Any] = {split: n for split, n in sizes(run)}
    facts |= {
        key: run.data[key] for key in ("targets", "image", "content_hash", "split_hash") if run.data.get(key)
    }
    return facts
