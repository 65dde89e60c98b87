"""A finished run -> its model card: what the model is, what it was measured on, and where it ends."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groundwork.core.run_folder import RunFolder
from groundwork.core.text import shortlist
from groundwork.data.unseen import averages_unseen
from groundwork.evaluate.export.snippets import needs, snippet
from groundwork.model import stated_license
from groundwork.report.number import CHOSE, NOT_CORRECTED, val_chose

TO_FILL = "*to be filled in by whoever passes this model on*"


def write_card(
    folder: RunFolder,
    checkpoint: Mapping[str, Any],
    format_name: str,
    file: str,
    preprocessing: Mapping[str, Any],
    checked: str,
    path: Path,
    joint: Mapping[str, Any] | None = None,
) -> None:
    """Write `card.md`.

    Args:
        folder: Of the run.
        checkpoint: Of the run.
        format_name: onnx, torch or safetensors.
        file: Name of the model's file.
        preprocessing: Content of `preprocessing.json`.
        checked: How far the file is from the run, and on what that was measured.
        path: Where to.
        joint: `members`, a line each, and `result` of a joint model, of which the run is the first member.
    """
    result, data = folder.read_json("result"), folder.read_json("data")
    config = checkpoint["config"]
    name = f"{folder.path.parent.name}/{folder.path.name}"
    joined = (
        "" if joint is None else f"The mean prediction of {len(joint['members'])} models in one graph:\n\n"
    )
    joined += "" if joint is None else f"{_bullets(joint['members'])}\n\nOf the first of them:\n\n"
    sections = [
        f"# {name}"
        if joint is None
        else f"# {len(joint['members'])} models as one, {folder.path.parent.name}",
        joined + _summary(result, data, config, folder.read_json("environment")),
        "## Data\n\n" + _data(result, data, config),
        "## Official result: the sealed test split\n\n"
        + _sealed(result if joint is None else joint["result"]),
        f"## Validation{'' if joint is None else ' of the first model'}\n\n" + _validation(result),
        "## Limits\n\n" + _bullets(_limits(result, data, preprocessing, config)),
        "## Licences\n\n" + _bullets(_licences(config, checkpoint["data"].get("hub"))),
        "## Use\n\n" + _use(format_name, file, preprocessing, checked),
    ]
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _summary(
    result: Mapping[str, Any],
    data: Mapping[str, Any],
    config: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> str:
    model, packages = config["model"], environment.get("packages", {})
    start = "pretrained weights" if model["pretrained"] else "random weights"
    kind = "labels" if result["task"] == "multilabel" else "values of"
    what = f"{len(data['classes'])} classes" if data["classes"] else f"{kind} {', '.join(data['targets'])}"
    return _bullets(
        [
            f"Task: {result['task']}, {what}",
            f"Model: {model['name']} from {start}, {result['parameters']['parameters']:,} parameters, "
            f"transfer scenario {result['transfer']['scenario']}",
            f"Chosen by: {result['monitor']} {_chosen_on(result)}",
            f"Code: commit {environment.get('git', {}).get('commit')}, torch {packages.get('torch')}, "
            f"seed {config['seed']}",
        ]
    )


def _chosen_on(result: Mapping[str, Any]) -> str:
    folds = result["transfer"].get("folds", 1)
    return (
        "on the validation split" if folds == 1 else f"in {folds} folds of the training and validation splits"
    )


def _data(result: Mapping[str, Any], data: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    reader = str(config["data"]["reader"]["_target_"]).rpartition(".")[2]
    source = next((config["data"][key] for key in ("table", "root") if config["data"].get(key)), None)
    named = f" of `{Path(str(source)).name}`" if source else ""
    counts = ", ".join(f"{n:,} {split}" for split, n in result["n"].items())
    lines = [
        f"Source: {reader.removeprefix('read_')}{named}",
        f"Samples: {counts}",
        f"Split hash: `{result['split_hash']}`, content hash: `{data['content_hash']}`",
    ]
    if not data["classes"]:
        return _bullets(lines)
    rows = [[name, *(data["counts"][split][name] for split in result["n"])] for name in data["classes"]]
    return _bullets(lines) + "\n\n" + _table(["class", *result["n"]], rows)


def _sealed(result: Mapping[str, Any]) -> str:
    if not result.get("test"):
        return "not sealed: the test split has not been opened for this run."
    count = result.get("test_count", 1)
    tested = "1 configuration was" if count == 1 else f"{count} configurations were"
    return (
        f"Sealed on {result['seal']['time']}; {tested} tested on these test rows. 95 % intervals, see METHOD.md.\n\n"
        + _metrics(result["test"], result["monitor"])
    )


def _validation(result: Mapping[str, Any]) -> str:
    corrected, val = result.get("corrected"), result["intervals"]["val"]
    refit = " The numbers are those of its head before it learned from this split, too."
    after = refit if result["transfer"].get("refit") else ""
    if not val_chose(result):
        return f"Measured on val.{after}\n\n" + _metrics(val, result["monitor"])
    bare = {name: {"value": one["value"]} for name, one in val.items()}
    if not corrected:
        return f"{NOT_CORRECTED.capitalize()}.{after}\n\n" + _metrics(bare, result["monitor"])
    method = next(iter(corrected.values()))["method"]
    return (
        f"{CHOSE.capitalize()}.{after}\n\nCorrected ({method}):\n\n{_metrics(corrected, result['monitor'])}"
        f"\n\nWhat chose:\n\n{_metrics(bare, result['monitor'])}"
    )


def _metrics(measured: Mapping[str, Mapping[str, Any]], monitor: str) -> str:
    """List the metrics over all classes and targets, the one that chose the checkpoint first."""
    names = [name for name in measured if "/" not in name]
    names.sort(key=lambda name: name != monitor)
    # What chose has no interval.
    keys = [key for key in ("value", "low", "high") if any(key in measured[name] for name in names)]
    rows = [[name, *(_number(measured[name].get(key)) for key in keys)] for name in names]
    return _table(["metric", *keys], rows)


def _limits(
    result: Mapping[str, Any],
    data: Mapping[str, Any],
    preprocessing: Mapping[str, Any],
    config: Mapping[str, Any],
) -> list[str]:
    limits = [
        "Measured on splits of the one data set above only. Another source, device or population is unmeasured.",
    ]
    if data["classes"]:
        ece = _number(result["val"].get("ece"))
        limits += [
            "Every input is given one of the classes, one that shows none of them, too.",
            f"A probability is no measured frequency: its expected calibration error on val is {ece}.",
        ]
        limits += [f"{name!r} rests on {n:,} training samples." for name, n in _rare(data)]
    if columns := preprocessing.get("rows", preprocessing).get("columns"):
        gapless = [column["name"] for column in columns if not column["may_be_missing"]]
        limits += ["Values outside of the range of the training rows are extrapolated.", _unseen(config)]
        if first := _never_missing(data):
            limits.append(f"A missing value in {first} was never seen in training, and is filled as there.")
        limits += [f"No missing value is accepted in {', '.join(gapless)}."] if gapless else []
    if preprocessing.get("resize") == "crop" and not preprocessing["fixed_size"]:
        limits.append("What lies outside of the largest centered box of the input's shape is not seen.")
    return [*limits, f"Intended use, and uses to refuse: {TO_FILL}."]


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


def _licences(config: Mapping[str, Any], hub: Mapping[str, Any] | None) -> list[str]:
    model, who = config["model"], "timm" if hub is None else "their card"
    stated = None
    if model["pretrained"] is True:  # a file or a run has weights of its own
        stated = stated_license(model["name"]) if hub is None else hub.get("license")
    known = f"{stated}, as {who} states" if stated else TO_FILL
    pretrained = [f"Pretrained weights of {model['name']}: {known}."] if model["pretrained"] else []
    return [f"This model's weights: {TO_FILL}.", f"Data: {TO_FILL}.", *pretrained]


def _use(format_name: str, file: str, preprocessing: Mapping[str, Any], checked: str) -> str:
    decision = "The graph holds normalization and gives "
    decision += "values in original units" if "targets" in preprocessing["output"] else "probabilities"
    threshold = preprocessing["threshold"]
    if labels := preprocessing["output"].get("labels"):
        each = zip(labels, threshold, strict=True)
        decision += "; a sample has a label from its probability on: "
        decision += ", ".join(f"{name!r} {one:.6g}" for name, one in each)
    elif threshold is not None:
        decision += f"; the decision is {preprocessing['positive']!r} from its probability {threshold:.6g} on"
    if preprocessing["output"].get("whole_numbers"):
        decision += ", rounded to whole numbers"
    dates = _dates(preprocessing.get("rows", preprocessing).get("columns", []))
    code = "`preprocess.py`" + ", `preprocess_rows.py`" * ("rows" in preprocessing)
    return (
        f"`{file}` takes any number of samples at once. {decision}. {code} and `preprocessing.json` turn files "
        f"into its input. {dates}{checked}\n\nThis needs {needs(format_name, preprocessing['kind'])}:\n\n"
        f"```python\n{snippet(format_name, preprocessing['kind'])}```"
    )


def _dates(columns: Sequence[Mapping[str, Any]]) -> str:
    """Say which columns of the graph are made from dates, and how."""
    parts: dict[str, list[str]] = {}
    for column in columns:
        if "date" in column:
            parts.setdefault(column["date"]["column"], []).append(column["date"]["part"])
    told = [
        f"{name!r} (" + ", ".join(["days since 1970-01-01" if one == "days" else one for one in every]) + ")"
        for name, every in parts.items()
    ]
    if not told:
        return ""
    return (
        f"The graph itself has columns for what they make of dates, in UTC: {', '.join(told)}; a file holds them as "
        "2024-02-29 or 2024-02-29T12:30+01:00. "
    )


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )
