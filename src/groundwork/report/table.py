"""Run folder -> the tables of the page, ready to be written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.core.batch import SPLITS
from groundwork.report.figures.counts import class_counts
from groundwork.report.folder import ReportedRun
from groundwork.report.number import in_words, interval_of, settled, show
from groundwork.report.predictions import Classified, per_class

# The metrics that a reader looks for first; others follow in the order of result.json.
USUAL = {
    "classification": (
        *("accuracy", "balanced_accuracy", "f1", "precision", "recall"),
        *("auroc", "average_precision", "log_loss", "ece"),
    ),
    "multilabel": (
        *("average_precision", "auroc", "f1", "precision", "recall", "f1_micro"),
        *("exact_match", "hamming_loss", "log_loss"),
    ),
    "regression": (
        *("rmse", "mae", "r2", "pearson", "spearman"),
        *("pinball_loss", "interval_coverage", "interval_width"),
    ),
}
REMARKS = {"better": "beaten", "undecided": "not beaten", "worse": "better"}


@dataclass(frozen=True)
class Cell:
    """Hold a number as it is written, and a small remark below it."""

    text: str
    remark: str = ""


@dataclass(frozen=True)
class Table:
    """Hold a titled table: one name and len(head) - 1 cells in each row."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def metric_names(run: ReportedRun, *, only_usual: bool) -> list[str]:
    """Return the metrics of whole splits in reading order: the monitored one, the usual ones and your own, the rest."""
    known = dict.fromkeys(name for split in SPLITS for name in run.result.get(split) or {})
    own = (run.config.get("metrics") or {}).get("extra") or {}
    first = dict.fromkeys([run.monitor, *USUAL.get(run.task, known), *own])
    names = first if only_usual else {**first, **known}
    # A module of the user's may mean anything by a name.
    return [name for name in names if name in known and (run.is_own or "/" not in name)]


def metric_table(run: ReportedRun) -> Table:
    """Return every metric on train, val and, once sealed, test, beside the baselines on val."""
    result = run.result
    baselines: Mapping[str, Mapping[str, Any]] = result.get("baselines") or {}
    splits = [split for split in SPLITS if result.get(split)]
    rows = []
    for name in metric_names(run, only_usual=False):
        cells = []
        for split in splits:
            entry = run.val_entry(name) if split == "val" else result[split].get(name)
            cells.append(with_interval(entry) if name in result[split] else Cell(""))
            if split == "val" and run.val_chose:
                cells.append(with_interval(run.evidence(name)) if run.evidence(name) else Cell(""))
        cells += [_against(baseline, other, name, run) for baseline, other in baselines.items()]
        rows.append([Cell(name), *cells])
    head = [
        part
        for split in splits
        for part in (split, *(["corrected"] if split == "val" and run.val_chose else []))
    ]
    return Table("Metrics", ["metric", *head, *(f"{in_words(name)}, val" for name in baselines)], rows)


def class_table(found: Classified, split: str) -> Table:
    """Return samples, predictions, precision, recall and F1 of each class."""
    table = per_class(found)
    rows = [
        [Cell(str(row[0])), *(Cell(f"{n}") for n in row[1:3]), *(Cell(show(float(x))) for x in row[3:])]
        for row in table.itertuples(index=False)
    ]
    return Table(f"Per class, {split}", list(table.columns), rows)


def target_tables(run: ReportedRun) -> list[Table]:
    """Return the metrics of single targets or labels on val and, once sealed, on test."""
    if run.task not in ("multilabel", "regression"):
        return []
    one = "label" if run.task == "multilabel" else "target"
    tables = []
    for split in ("val", "test"):
        names = [name for name in run.result.get(split) or {} if "/" in name]
        metrics = list(dict.fromkeys(name.split("/", 1)[0] for name in names))
        targets = list(dict.fromkeys(name.split("/", 1)[1] for name in names))
        rows = [
            [Cell(target), *(_part(run, split, f"{metric}/{target}") for metric in metrics)]
            for target in targets
        ]
        tables += [Table(f"Per {one}, {split}", [one, *metrics], rows)] if rows else []
    return tables


def count_table(run: ReportedRun) -> Table:
    """Return the samples of each class in every split."""
    table = class_counts(run)
    rows = [[Cell(str(row[0])), *(Cell(f"{n:,}") for n in row[1:])] for row in table.itertuples(index=False)]
    return Table("Samples per class", list(table.columns), rows)


def audit_table(run: ReportedRun) -> Table:
    """Return the rules of thumb that the short audit held the training rows against."""
    rules = run.audit.get("rules") or []
    rows = [
        [
            Cell(one["rule"], one["facts"]),
            Cell(f"{one['have']:,.4g}"),
            Cell("met" if one["met"] else "not met"),
        ]
        for one in rules
    ]
    return Table("Rules of thumb: advice, no gate", ["rule", "here", ""], rows)


def with_interval(entry: Any) -> Cell:
    """Write a metric with its interval below."""
    bounds = interval_of(entry)
    return Cell(show(entry), f"{show(bounds[0])} to {show(bounds[1])}" if bounds else "")


def _against(name: str, baseline: Mapping[str, Any], metric: str, run: ReportedRun) -> Cell:
    """Write a metric of a baseline, and what the baseline is to the model by the monitored one."""
    if metric not in baseline:
        return Cell("")
    told = run.verdict_on(name) if metric == run.monitor else {}
    return Cell(show(settled(metric, baseline[metric])), REMARKS.get(str(told.get("verdict")), ""))


def _part(run: ReportedRun, split: str, name: str) -> Cell:
    entry = run.val_entry(name) if split == "val" else run.result[split].get(name)
    return Cell("") if name not in run.result[split] else with_interval(entry)
