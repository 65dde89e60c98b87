"""A finished run -> where its model ends, and under which licences it stands: sections of its card."""

from collections.abc import Mapping
from typing import Any

from groundwork.core.text import shortlist
from groundwork.data.unseen import averages_unseen
from groundwork.model import stated_license

TO_FILL = "*to be filled in by whoever passes this model on*"


def limits(
    result: Mapping[str, Any],
    data: Mapping[str, Any],
    preprocessing: Mapping[str, Any],
    config: Mapping[str, Any],
) -> list[str]:
    """Say what was not measured, and what the model does with what it never saw."""
    said = [
        "Measured on splits of the one data set above only. Another source, device or population is unmeasured.",
    ]
    if data["classes"]:
        ece = number(result["val"].get("ece"))
        said += [
            "Every input is given one of the classes, one that shows none of them, too.",
            f"A probability is no measured frequency: its expected calibration error on val is {ece}.",
        ]
        said += [f"{name!r} rests on {n:,} training samples." for name, n in _rare(data)]
    if columns := preprocessing.get("rows", preprocessing).get("columns"):
        gapless = [column["name"] for column in columns if not column["may_be_missing"]]
        said += ["Values outside of the range of the training rows are extrapolated.", _unseen(config)]
        if first := _never_missing(data):
            said.append(f"A missing value in {first} was never seen in training, and is filled as there.")
        said += [f"No missing value is accepted in {', '.join(gapless)}."] if gapless else []
    if preprocessing.get("resize") == "crop" and not preprocessing["fixed_size"]:
        said.append("What lies outside of the largest centered box of the input's shape is not seen.")
    return [*said, f"Intended use, and uses to refuse: {TO_FILL}."]


def _unseen(config: Mapping[str, Any]) -> str:
    if averages_unseen(config["model"]):
        return "Categories that training never saw get the mean of those that it saw."
    return "Categories that training never saw share one code."


def _never_missing(data: Mapping[str, Any]) -> str:
    """Name the columns that may have gaps, but had none in training."""
    columns = [column for column in data["columns"]["columns"] if column.get("counts")]
    names = [each["name"] for each in columns if not each["counts"][0] and each["fill"] is not None]
    return shortlist(names, 10)


def _rare(data: Mapping[str, Any], fewer_than: int = 100) -> list[tuple[str, int]]:
    counts = data["counts"]["train"].items()
    return sorted(((name, n) for name, n in counts if n < fewer_than), key=lambda pair: pair[1])[:5]


def licences(config: Mapping[str, Any], hub: Mapping[str, Any] | None) -> list[str]:
    """Say whose terms hold; what nobody states is left to be filled in."""
    model, who = config["model"], "timm" if hub is None else "their card"
    stated = None
    if model["pretrained"] is True:  # a file or a run has weights of its own
        stated = stated_license(model["name"]) if hub is None else hub.get("license")
    known = f"{stated}, as {who} states" if stated else TO_FILL
    pretrained = [f"Pretrained weights of {model['name']}: {known}."] if model["pretrained"] else []
    return [f"This model's weights: {TO_FILL}.", f"Data: {TO_FILL}.", *pretrained]


def number(value: float | None) -> str:
    """Write a metric."""
    return "undefined" if value is None else f"{value:.4g}"
