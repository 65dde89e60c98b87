"""Several finished runs -> one graph in an open format that gives their mean prediction."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from groundwork.core.errors import UserError
from groundwork.core.noise import silence
from groundwork.core.run_folder import plain
from groundwork.core.trust import checked_config
from groundwork.evaluate.export.describe import describe_preprocessing
from groundwork.evaluate.export.export import Exported, choose_format, write_export
from groundwork.evaluate.joint.folds import read_out_of_fold
from groundwork.evaluate.joint.members import Joint, read_joint
from groundwork.evaluate.joint.network import JointNetwork, join_columns
from groundwork.evaluate.joint.threshold import decide_jointly
from groundwork.evaluate.network import network_of
from groundwork.metrics import MultilabelMetrics
from groundwork.train.checkpoint import load_model
from groundwork.train.metrics import build_metrics


def export_joint(keys: Mapping[str, str]) -> int:
    """Write the mean of the runs that `runs` matches as one model into the folder `output`, all files or none.

    Raises:
        UserError: If the runs cannot be joined or prepare their inputs differently, or the format cannot hold them.
        RuntimeError: If the written model does not predict what the runs predict.
    """
    silence()
    name = keys["format"]
    kind = choose_format(name)
    if name == "safetensors":
        raise UserError(
            "format=safetensors must be of one run, but got runs=. Use format=onnx or format=torch."
        )
    joint = read_joint(keys)
    checkpoints = [load_model(run.folder.best) for run in joint.members]
    for each in checkpoints:
        each.pop("promise", None)  # sets and intervals are those of a single run
    checkpoint, recodes = _join_data(joint, checkpoints)
    networks = [
        network_of(each, checked_config(each["config"], run.folder.best), run.folder.best)
        for each, run in zip(checkpoints, joint.members, strict=True)
    ]
    preprocessing = describe_preprocessing(checkpoint) | _threshold(joint, checkpoints)
    members = [f"`{run.folder.path.parent.name}/{run.folder.path.name}`" for run in joint.members]
    card = {
        "members": members,
        "result": joint.folder.read_json("result") | {"monitor": joint.first.result["monitor"]},
    }
    network = JointNetwork(networks, recodes, joint.rounds).eval()
    exported = Exported(joint.first.folder, checkpoint, network, preprocessing, card)
    return write_export(exported, name, kind, keys.get("output") or joint.folder.path / "export" / name)


def _join_data(joint: Joint, checkpoints: list[dict[str, Any]]) -> tuple[dict[str, Any], list[nn.Module]]:
    """Describe the data that the joint model reads, and what turns it into that of each member."""
    first = checkpoints[0]
    described = [describe_preprocessing(each) for each in checkpoints]
    for run, other in zip(joint.members, described, strict=True):
        if differing := [key for key in described[0] if _apart(key, described[0][key], other.get(key))]:
            raise UserError(
                f"runs= must match runs that prepare their inputs alike to be one graph, but {run.folder.path} differs "
                f"from {joint.first.folder.path} in {', '.join(differing)}. Narrow the glob."
            )
    data = plain(first["data"])
    if data["kind"] == "image" and data.get("columns"):
        raise UserError(
            "runs= must read images or columns to be one graph, but these read both. Export one of them by run=."
        )
    if data["kind"] != "table":
        return first, [nn.Identity() for _ in checkpoints]
    columns, recodes = join_columns([plain(each["data"])["columns"] for each in checkpoints])
    return {**first, "data": {**data, "columns": columns}}, recodes


def _apart(key: str, one: Any, other: Any) -> bool:
    """Tell whether members differ in what one graph cannot settle: categories, gaps and threshold it can."""
    if key == "columns":
        return bool(
            [(each["name"], each["kind"]) for each in one] != [(each["name"], each["kind"]) for each in other]
        )
    return key not in ("threshold", "positive") and bool(one != other)


def _threshold(joint: Joint, checkpoints: list[dict[str, Any]]) -> dict[str, Any]:
    own = [
        build_metrics(run.folder.config, each.get("threshold"))
        for run, each in zip(joint.members, checkpoints, strict=True)
    ]
    metrics, _ = decide_jointly(joint, read_out_of_fold(joint), own)
    if isinstance(metrics, MultilabelMetrics):
        return {"threshold": metrics.thresholds(joint.first.data["targets"]).tolist()}
    return {"threshold": getattr(metrics, "threshold", None)}
