"""A finished run -> its model card: what the model is, what it was measured on, and where it ends."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.export.limits import licences, limits, number
from groundwork.evaluate.export.snippets import needs, snippet
from groundwork.report.number import CHOSE, NOT_CORRECTED, val_chose


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
    result, data, config = folder.read_json("result"), folder.read_json("data"), checkpoint["config"]
    title, intro, sealed, whose = f"{folder.path.parent.name}/{folder.path.name}", "", result, ""
    if joint is not None:
        title = f"{len(joint['members'])} models as one, {folder.path.parent.name}"
        intro = f"The mean prediction of {len(joint['members'])} models in one graph:\n\n"
        intro += f"{_bullets(joint['members'])}\n\nOf the first of them:\n\n"
        sealed, whose = joint["result"], " of the first model"
    sections = [
        f"# {title}",
        intro + _summary(result, data, config, folder.read_json("environment")),
        "## Data\n\n" + _data(result, data, config),
        "## Official result: the sealed test split\n\n" + _sealed(sealed),
        f"## Validation{whose}\n\n" + _validation(result),
        "## Limits\n\n" + _bullets(limits(result, data, preprocessing, config)),
        "## Licences\n\n" + _bullets(licences(config, checkpoint["data"].get("hub"))),
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
    rows = [[name, *(number(measured[name].get(key)) for key in keys)] for name in names]
    return _table(["metric", *keys], rows)


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


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )
