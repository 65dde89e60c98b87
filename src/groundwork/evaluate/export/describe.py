"""A checkpoint -> what happens to a file before an exported graph, and what its numbers mean after it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from groundwork.core.quantiles import ordered_levels, quantile_columns
from groundwork.core.run_folder import plain
from groundwork.core.trust import checked_config
from groundwork.data import ColumnStatistics
from groundwork.data.formats.infer import MISSING_WORDS
from groundwork.data.readers.dates import part_names
from groundwork.evaluate.export.formats import input_names, output_name
from groundwork.evaluate.promise import Promised
from groundwork.evaluate.promise_groups import group_name
from groundwork.metrics import conformal_rank


def describe_preprocessing(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Say in plain types what happens to a file before the graph, and what its numbers mean after it."""
    data = plain(checkpoint["data"])
    names, rows = input_names(data), _describe_rows(data) if data.get("columns") else {}
    if data["kind"] == "image":
        fixed = checkpoint["config"]["data"].get("image_size") is None
        described = {"kind": "image", "input": names[0]} | _describe_image(data["image"], fixed)
        if rows:
            described |= {"kind": "image_table", "rows": {"input": names[1]} | rows}
    else:
        described = {"kind": "table", "input": names[0]} | rows
    return described | _describe_output(checkpoint, data["target"])


def _describe_image(image: Mapping[str, Any], fixed: bool) -> dict[str, Any]:
    channels, height, width = image["shape"]
    return {
        "layout": "batch, channels, height, width",
        "size": [height, width],
        "fixed_size": fixed,
        "channels": channels,
        "channel_order": {1: "grey", 3: "RGB"}.get(channels, "as stored"),
        "dtype": image["dtype"],
        "orientation": "upright, by EXIF",
        "transparency": "on white",
        "window": image["window"],
        "resize": image["resize"],
        "filter": "bicubic, a = -0.5, antialiased",
    }


def _describe_rows(data: Mapping[str, Any]) -> dict[str, Any]:
    columns, dated = data["columns"], {}
    for name, parts in data.get("moments", {}).items():  # runs of earlier versions did not note it
        dated[name] = {"column": name, "part": "days"}
        dated |= {
            each: {"column": name, "part": part}
            for each, part in zip(part_names(name, parts), parts, strict=True)
        }
    return {
        "layout": "batch, columns in this order",
        "dtype": "float64",
        "infinite": columns["infinite"],
        "missing_words": list(MISSING_WORDS),
        "columns": [_column(column, dated.get(column["name"])) for column in columns["columns"]],
    }


def _describe_output(checkpoint: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    config, task = checked_config(checkpoint["config"], "the checkpoint"), target["task"]
    classes, decides = task == "classification", task != "regression"
    key = {"classification": "classes", "multilabel": "labels"}.get(task, "targets")
    names = {key: target["classes"] if classes else target["names"]}
    rounded = not decides and config.task.get("decision") == "round"
    output = {"name": output_name(task), **names} | ({"whole_numbers": True} if rounded else {})
    if quantiles := (config.get("loss") or {}).get("quantiles"):
        levels = ordered_levels(quantiles)
        output |= {"quantiles": list(levels), "columns": quantile_columns(levels, target["names"])}
    given = config.metrics.get("threshold") if decides else None
    threshold = checkpoint.get("threshold") if given == "auto" else given
    described = {"output": output, "threshold": threshold}
    if task == "multilabel":
        every = np.broadcast_to(0.5 if threshold is None else threshold, len(target["names"]))
        described["threshold"] = every.tolist()
    elif threshold is not None:
        described["positive"] = str(config.metrics.get("positive") or target["classes"][-1])
    return described


def _column(column: Mapping[str, Any], date: Mapping[str, str] | None) -> dict[str, Any]:
    known: dict[str, Any] = {"categories": column["categories"]} if column["kind"] == "categorical" else {}
    return {
        "name": column["name"],
        "kind": column["kind"],
        "may_be_missing": column["fill"] is not None,
        **known,
        **({} if date is None else {"date": date}),
    }


def portable(checkpoint: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Say in plain types what takes an exported model's predictions to sets or intervals.

    Returns:
        `promise` for preprocessing.json, empty where there is none, and a line on why fold heads stay behind.
    """
    promised = Promised.of(checkpoint)
    if promised is None:
        return {}, ""
    if promised.heads:
        return (
            {},
            "sets and intervals need the heads of this run's folds: predict.py has them, the export does not",
        )
    promise, data = promised.promise, checkpoint["data"]
    classes = data["target"]["classes"]
    columns = ColumnStatistics.from_state(data["columns"]) if data["kind"] == "table" else None
    cuts = {}
    for number in np.unique(promise.group):
        scores = promise.score[promise.group == number]
        known = [np.sort(column[~np.isnan(column)]) for column in scores.T]
        ranks = [conformal_rank(promise.level, len(column)) for column in known]
        pairs = zip(known, ranks, strict=True)
        name = group_name(int(number), promised.per, classes, columns)
        cuts[name] = [None if rank > len(column) else float(column[rank - 1]) for column, rank in pairs]
    ends = ("lowest quantile", "highest quantile") if promise.kind == "quantile" else ("prediction",) * 2
    rule = (
        "a class is in the set if its probability and those of all classes before it sum to the cut at most; the first "
        "always is"
        if classes
        else f"{ends[0]} - cut to {ends[1]} + cut, each target with its own"
    )
    told = {
        "level": promise.level,
        "score": promise.kind,
        "randomized": promise.randomized,
        "per": promised.per,
    }
    spread = [asdict(each) for each in promise.spread]
    return {"promise": {**told, "cut": cuts, "spread": spread, "rule": rule + "; null: everything"}}, ""
