"""Groups of runs -> rows: mean and interval of each metric, and the paired difference to the best group."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pandas import DataFrame

from groundwork.core.batch import Split
from groundwork.core.directions import direction_in
from groundwork.evaluate.compare.finished import FinishedRun
from groundwork.evaluate.compare.grouping import Group
from groundwork.evaluate.compare.paired import Difference, Predicted, compare_paired, read_predicted
from groundwork.metrics import holm, repeated_interval

# Beside the monitor, which comes first.
SHOWN = {
    "classification": ("accuracy", "balanced_accuracy", "f1", "f1_macro", "auroc", "log_loss"),
    "regression": ("rmse", "mae", "r2", "spearman"),
}
DIGITS = 6  # metrics that agree in so many are of identical runs; machines differ in the last bits
NAN = float("nan")


def compare_groups(groups: Sequence[Group], split: Split) -> DataFrame:
    """Measure every group and subtract the best one, best first; see `report.compare` for the columns."""
    result = groups[0].runs[0].result
    monitor = result["monitor"]
    metrics = list(dict.fromkeys([monitor, *SHOWN.get(result["task"], ())]))
    directions = {metric: direction_in(result, metric) for metric in metrics}
    sign = -1 if directions[monitor] == "min" else 1
    distinct = {group.name: _distinct(group.runs, split) for group in groups}
    measured = {group.name: _measure(distinct[group.name], split, metrics) for group in groups}
    ranked = sorted(groups, key=lambda group: _rank(sign * measured[group.name][monitor]["mean"]))
    best = ranked[0].name
    predicted = {
        name: [read_predicted(run, split) for run in runs] if len(groups) > 1 else []
        for name, runs in distinct.items()
    }
    rows = []
    for group in ranked:
        runs = distinct[group.name]
        remarks = _repeat_remarks(len(group.runs), len(runs))
        differences: dict[str, Difference] = {}
        if group.name != best:
            overlap = _overlap([*distinct[best], *runs], split)
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
    # One family of tests for each metric: all groups against the best.
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
    runs: Sequence[FinishedRun], split: Split, metrics: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Give each metric its mean, deviation and interval; seeds on one split are averaged where splits vary."""
    by_split: dict[str, list[FinishedRun]] = {}
    for run in runs:
        by_split.setdefault(run.result["split_hash"], []).append(run)
    units = list(by_split.values()) if len(by_split) > 1 else [[run] for run in runs]
    table = {}
    for metric in metrics:
        values = [float(np.mean([_value(run, split, metric) for run in unit])) for unit in units]
        found = repeated_interval(values, test_to_train=_overlap(runs, split))
        low, high = (found["low"], found["high"]) if found["std"] > 0 else (NAN, NAN)
        table[metric] = {"mean": found["mean"], "sd": found["std"], "low": low, "high": high}
    return table


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
