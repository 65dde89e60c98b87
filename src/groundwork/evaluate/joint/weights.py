"""Runs that share a start -> one run with their mean weights, where val says that it is no worse than the best of them.

Source: Wortsman et al. 2022, model soups, arXiv 2203.05482.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import intact
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.joint.members import Joint, read_joint
from groundwork.evaluate.ledger import fingerprint
from groundwork.evaluate.measure import measure, values, with_threshold, write_predictions
from groundwork.evaluate.network import network_of
from groundwork.evaluate.tested import prepare_as_trained
from groundwork.train.checkpoint import load_model, save
from groundwork.train.machine.device import best_device
from groundwork.train.machine.execution import memory_format
from groundwork.train.metrics import build_metrics
from groundwork.train.predict import predict_rows


def average_runs(keys: Mapping[str, str]) -> dict[str, str]:
    """Make a run of the mean weights of the runs that `runs` matches, unless there is one, and name it by `run`.

    Returns:
        The keys with `run` in the place of `runs`, `join` and `best`.

    Raises:
        UserError: If the runs do not share a start, or the mean is worse on val than the best of them.
    """
    joint = read_joint(keys)
    if reason := why_not_averaged(joint):
        raise UserError(
            f"join=weights must average runs that share their start, but {reason}. Use join=mean."
        )
    name = sha256("\n".join(["weights", *sorted(joint.hashes)]).encode()).hexdigest()[:12]
    first = joint.first.folder.path
    folder = RunFolder(first.parents[1] / f"{first.parent.name}-weights" / name)
    if folder.read_json("result").get("status") != "done":
        with intact(first):
            _write_average(joint, folder, Console())
    return {key: value for key, value in keys.items() if key not in ("runs", "join", "best")} | {
        "run": str(folder.path)
    }


def why_not_averaged(joint: Joint) -> str | None:
    """Say why the mean of the weights of some runs means nothing; None where it may mean something."""
    runs = joint.members
    if len({run.result["split_hash"] for run in runs}) > 1:
        return "their val rows differ, which have to judge"
    if any(run.result["transfer"].get("refit") for run in runs):
        return "their heads were solved again on val, which has to judge"
    configs = [run.folder.config for run in runs]
    if any(config.transfer.get("rank") for config in configs):
        return "transfer=lora keeps adapters, whose mean is not that of the weights"
    if len({OmegaConf.to_yaml(config.model, resolve=True) for config in configs}) > 1:
        return "their model.* differs"
    starts = {(str(config.model.pretrained), bool(config.transfer.pretrained)) for config in configs}
    pretrained = bool(configs[0].model.pretrained) and bool(configs[0].transfer.pretrained)
    if len(starts) > 1 or (not pretrained and len({config.seed for config in configs}) > 1):
        return "they start from different weights"
    return None


def average(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Average each tensor of real numbers, in float64; whole numbers, which count, are those of the first.

    Raises:
        UserError: If the names or shapes differ.
    """
    first = states[0]
    for state in states[1:]:
        if {name: value.shape for name, value in state.items()} != {
            name: value.shape for name, value in first.items()
        }:
            raise UserError(
                "join=weights must average networks of one form, but they were cut at different stages. Use join=mean."
            )
    return {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }


def _write_average(joint: Joint, folder: RunFolder, console: Console) -> None:
    source = joint.first.folder
    checkpoints = [load_model(run.folder.best) for run in joint.members]
    if any(each["reads"] != checkpoints[0]["reads"] for each in checkpoints):
        raise UserError(
            "join=weights must average networks of one form, but they were cut at different stages. Use join=mean."
        )
    checkpoint = {**checkpoints[0], "state_dict": average([each["state_dict"] for each in checkpoints])}
    config = source.config.copy()
    prepared = prepare_as_trained(source, config, console)
    network = network_of(checkpoint, config, source.best).arrange(memory_format(config))
    rows, title = prepared.rows["val"], "predicting val"
    val = predict_rows(config, network, prepared.inputs, rows, best_device(), console, title)
    metrics, said = with_threshold(
        build_metrics(config), config.monitor, val, prepared.targets("val"), prepared.names
    )
    measured = measure(val, "val", metrics, prepared)
    lines = [_judged(joint, values(measured)), *filter(None, [said])]
    for line in lines:
        console.note(line)
    RunFolder.furnish(folder.path)
    for path in (source.splits, source.json_file("data"), source.json_file("environment")):
        (folder.path / path.name).write_bytes(path.read_bytes())
    _mark(config, joint)
    folder.write_config(config)
    save({**checkpoint, "threshold": getattr(metrics, "threshold", None)}, folder.best)
    write_predictions(folder, "val", val, metrics, prepared)
    folder.write_json("result", _result(joint, measured, getattr(metrics, "threshold", None), lines))


def _judged(joint: Joint, mean: Mapping[str, float]) -> str:
    """Refuse a mean that is worse on val than the best of its members, and say by how much it is better."""
    monitor = joint.first.result["monitor"]
    sign = 1 if joint.first.result["direction"] == "max" else -1
    singles = [run.result["val"].get(monitor) for run in joint.members]
    best = max((float(each) for each in singles if each is not None), key=lambda each: sign * each)
    told = f"{monitor} on val {mean[monitor]:.4g}, the best single run {best:.4g}"
    if sign * mean[monitor] < sign * best:
        raise UserError(f"join=weights must be as good as the best single run, but: {told}. Use join=mean.")
    return f"mean weights of {len(singles)} runs: {told}"


def _mark(config: DictConfig, joint: Joint) -> None:
    """Tell the ledger that this is a configuration of its own."""
    averaged = sorted(fingerprint(dict(run.folder.config)) for run in joint.members)
    OmegaConf.update(config, "averaged", averaged, force_add=True)


def _result(
    joint: Joint, measured: dict[str, Any], threshold: float | None, lines: Sequence[str]
) -> dict[str, Any]:
    """Describe the run of the mean weights; what is known of its members alone is left out."""
    kept = ("task", "monitor", "direction", "directions", "best_epoch", "n", "transfer", "parameters",
            "split_hash", "choices", "baselines")  # fmt: skip
    first = joint.first.result
    return {
        **{key: first[key] for key in kept if key in first},
        "status": "done",
        "train": {},
        "val": values(measured),
        "intervals": {"val": measured},
        "corrected": {},  # val chose the members, and that they are averaged
        "verdicts": {},
        "threshold": threshold,
        "averaged": [str(run.folder.path) for run in joint.members],
        "notes": [*first.get("notes", []), *lines],
        "seconds": {},
    }
