"""Groups of runs -> rows: mean and interval of each metric, and the paired difference to the best group."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pandas import DataFrame

from groundwork.core.batch import Split
from groundwork.core.directions import direction_in, limits
from groundwork.evaluate.compare.finished import FinishedRun
from groundwork.evaluate.compare.grouping import Group
from groundwork.evaluate.compare.paired import Difference, compare_all, compare_paired
from groundwork.evaluate.compare.predicted import Predicted, read_predicted
from groundwork.metrics import holm, repeated_interval
from groundwork.report.number import val_chose

# Beside the monitor, which comes first.
SHOWN = {
    "classification": ("accuracy", "balanced_accuracy", "f1", "f1_macro", "auroc", "log_loss"),
    "multilabel": ("average_precision", "auroc", "f1", "f1_micro", "exact_match", "hamming_loss", "log_loss"),
    "regression": ("rmse", "mae", "r2", "spearman"),
}
DIGITS = 6  # metrics that agree in so many are of identical runs; machines differ in the last bits
NAN = float("nan")
Z = 1.96  # of the spread over runs, which is small beside that of the samples


def compare_groups(groups: Sequence[Group], split: Split) -> DataFrame:
    """Measure every group and subtract the best one, best first; see `report.compare` for the columns."""
    result = groups[0].runs[0].result
    monitor = result["monitor"]
    metrics = list(dict.fromkeys([monitor, *SHOWN.get(result["task"], ())]))
    directions = {metric: direction_in(result, metric) for metric in metrics}
    sign = -1 if directions[monitor] == "min" else 1
    distinct = {group.name: _distinct(group.runs, split) for group in groups}
    predicted = {name: [read_predicted(run, split) for run in runs] for name, runs in distinct.items()}
    measured = {name: _measure(runs, split, metrics, predicted[name]) for name, runs in distinct.items()}
    ranked = sorted(groups, key=lambda group: _rank(sign * measured[group.name][monitor]["mean"]))
    best = ranked[0].name
    shared_by_all = len({one.samples for ones in predicted.values() for one in ones}) == 1 and len(groups) > 1
    at_once = compare_all([predicted[group.name] for group in ranked], metrics) if shared_by_all else {}
    rows = []
    for place, group in enumerate(ranked):
        runs = distinct[group.name]
        remarks = _repeat_remarks(len(group.runs), len(runs))
        differences: dict[str, Difference] = {}
        if group.name != best:
            overlap = _overlap([*distinct[best], *runs], split)
            differences, shared = {metric: all_of[place] for metric, all_of in at_once.items()}, 1
            if not shared_by_all:
                differences, shared = compare_paired(predicted[best], predicted[group.name], overlap)
            remarks += _pairing_remarks(differences, shared, predicted[best], predicted[group.name])
        elif len(groups) > 1:
            remarks = ["best", *remarks]
        for metric in metrics:
            row = {"group": group.name, "runs": len(runs), "metric": metric, **measured[group.name][metric]}
            row |= _difference(differences.get(metric)) | {"remark": "; ".join(remarks)}
            row["direction"] = directions[metric]
            rows.append(row | _size(group, groups, runs))
    table = DataFrame(rows)
    # One family of tests for each metric: all groups against the best. Shared samples are compared all at once already.
    if not shared_by_all:
        table["p"] = table.groupby("metric", sort=False)["p"].transform(lambda p: holm(p.to_numpy()))
    known = table.groupby("metric", sort=False)["mean"].transform(lambda mean: mean.notna().any())
    shown: DataFrame = table[known | (table["metric"] == monitor)].reset_index(drop=True)
    return shown


def _value(run: FinishedRun, split: Split, metric: str) -> float:
    entry = run.result[split].get(metric)
    entry = entry["value"] if isinstance(entry, Mapping) else entry
    return NAN if entry is None else float(entry)


def _distinct(runs: Sequence[FinishedRun], split: Split) -> list[FinishedRun]:
    """Keep one of each set of runs with the same split and the same metrics."""
    found: dict[tuple[str, ...], FinishedRun] = {}
    for run in runs:
        numbers = [f"{_value(run, split, name):.{DIGITS}g}" for name in sorted(run.result[split])]
        found.setdefault((run.result["split_hash"], *numbers), run)
    return list(found.values())


def _measure(
    runs: Sequence[FinishedRun], split: Split, metrics: Sequence[str], predicted: Sequence[Predicted]
) -> dict[str, dict[str, float]]:
    """Give each metric its mean, deviation and interval.

    On one set of samples the interval is that of the mean score of these runs, from the samples; on several, over the
    sets, in which the runs on one of them are averaged.
    """
    by_samples: dict[str, list[FinishedRun]] = {}
    for run, one in zip(runs, predicted, strict=True):
        by_samples.setdefault(one.samples, []).append(run)
    units = list(by_samples.values()) if len(by_samples) > 1 else [[run] for run in runs]
    table = {}
    for metric in metrics:
        values = [float(np.mean([_value(run, split, metric) for run in unit])) for unit in units]
        found = repeated_interval(values, test_to_train=_overlap(runs, split))
        if len(by_samples) == 1:
            low, high = _from_samples(runs, split, metric, found)
        else:
            low, high = (found["low"], found["high"]) if found["std"] > 0 else (NAN, NAN)
        least, largest = limits(metric)
        ends = {"low": max(low, least), "high": min(high, largest)}
        table[metric] = {"mean": found["mean"], "sd": found["std"], **ends}
    return table


def _from_samples(
    runs: Sequence[FinishedRun], split: Split, metric: str, found: Mapping[str, float]
) -> tuple[float, float]:
    """Put the mean distances to the ends of each run's interval around the mean; what val chose has no interval.

    The runs see the same samples, so the error of their mean hardly falls with their number; their own spread is
    added, which does fall.
    """
    entries = [_interval(run, split, metric) for run in runs]
    if any(entry is None for entry in entries):
        return NAN, NAN
    spread = Z * float(np.nan_to_num(found["std"])) / np.sqrt(len(runs))
    down = float(np.mean([entry["value"] - entry["low"] for entry in entries if entry]))
    up = float(np.mean([entry["high"] - entry["value"] for entry in entries if entry]))
    return found["mean"] - float(np.hypot(down, spread)), found["mean"] + float(np.hypot(up, spread))


def _interval(run: FinishedRun, split: Split, metric: str) -> Mapping[str, float] | None:
    if split == "val" and val_chose(run.result):
        return None
    known = run.result.get("test") if split == "test" else (run.result.get("intervals") or {}).get(split)
    entry = (known or {}).get(metric)
    ends = [entry.get(key) for key in ("value", "low", "high")] if isinstance(entry, Mapping) else [None]
    return None if None in ends else entry


def _overlap(runs: Sequence[FinishedRun], split: Split) -> float:
    """Give evaluated samples per training sample where training sets overlap, and 0 for seeds on one split."""
    if len({run.result["split_hash"] for run in runs}) == 1:
        return 0.0
    return float(np.mean([run.result["n"][split] / run.result["n"]["train"] for run in runs]))


def _rank(score: float) -> float:
    return float("inf") if np.isnan(score) else -score


def _repeat_remarks(num_runs: int, num_distinct: int) -> list[str]:
    if num_distinct == num_runs:
        return []
    if num_distinct == 1:
        return [f"{num_runs} runs identical, vary split.seed or fold"]
    return [f"{num_runs - num_distinct + 1} of {num_runs} runs identical, vary split.seed or fold"]


def _pairing_remarks(
    differences: Mapping[str, Difference], shared: int, best: Sequence[Predicted], other: Sequence[Predicted]
) -> list[str]:
    sets = len({run.samples for run in [*best, *other]})
    if not shared:
        return ["other samples than the best"]
    if all(one["difference"] == 0 for one in differences.values() if not np.isnan(one["difference"])):
        return ["predicts the same as the best"]
    return [f"paired on {shared} of {sets} splits"] if shared < sets else []


def _difference(one: Difference | None) -> dict[str, float]:
    one = one or dict.fromkeys(("difference", "low", "high", "p"), NAN)
    low, high = (one["low"], one["high"]) if one["high"] > one["low"] else (NAN, NAN)
    return {"difference": one["difference"], "difference_low": low, "difference_high": high, "p": one["p"]}


def _size(group: Group, groups: Sequence[Group], runs: Sequence[FinishedRun]) -> dict[str, Any]:
    """Place a group on a learning curve, where the groups differ in the part of train that they learn from."""
    if not any(key.partition(".")[0] == "subset" for other in groups for key in other.parts):
        return {}
    others = [text for key, text in group.parts.items() if key.partition(".")[0] != "subset"]
    size = round(float(np.mean([run.result["n"]["train"] for run in runs])))
    return {"train_size": size, "series": ", ".join(others) or "all"}
