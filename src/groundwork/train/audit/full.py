"""A configuration -> what is wrong with its data, before anyone trains on it."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.data import Missing, Samples, Store, Stream, Target
from groundwork.data.audit.columns import count_gaps
from groundwork.data.audit.examine import examine, examine_pixels
from groundwork.data.audit.findings import findings
from groundwork.data.audit.images import enlarged
from groundwork.data.images import Decoding
from groundwork.data.prepared import Prepared
from groundwork.train.audit.brief import has_folds
from groundwork.train.build import build_network
from groundwork.train.custom import own_module
from groundwork.train.prepare import prepare
from groundwork.transfer import Plan

FROZEN = ("auto", "small_similar", "small_different")  # scenarios that train the head alone
# What an audit does where a run would stop: take the gap as one, and tell.
LENIENT = {
    "numeric": "constant",
    "constant": 0.0,
    "categorical": "slot",
    "target": "drop",
    "infinite": "missing",
}


def audit_data(
    config: DictConfig, samples: Samples, target: Target, console: Console
) -> tuple[dict[str, Any], Prepared]:
    """Look at all of the data, past bad files and forbidden gaps, which are listed.

    Returns:
        What `audit.json` holds, and the data as a run would see it once the bad files are gone.
    """
    audit = _identity(config, samples, target)
    if samples.kind == "image":
        store = Decoding.from_config(config).build(samples, console)
        bad = dict(store.bad)
        audit["bad"] = [{"sample_id": name, "reason": reason} for name, reason in store.bad]
        audit["decode_notes"] = [{"sample_id": name, "note": note} for name, note in store.note]
        # The images that stay are stored under their own key, where training finds them once the bad are gone.
        samples = samples.take(~samples.sample_id.isin(list(bad)).to_numpy()) if bad else samples
    prepared = prepare(_lenient(config), samples, target, console)
    audit["notes"] = list(prepared.notes)
    audit["split_hash"] = prepared.split_hash
    images = prepared.source if isinstance(prepared.source, Store | Stream) else None
    digest = None if images is None else images.digest
    audit["has_folds"] = has_folds(config)
    audit["enlarged"] = {} if images is None else enlarged(prepared.samples, images.shape[-2:])
    seen, split, encoded = prepared.samples, prepared.split, prepared.encoded
    with console.progress("counting and comparing"):
        trainable = _count_trainable(config, prepared)
        audit |= examine(seen, target, encoded, split, prepared.rows, digest, trainable)
    if images is not None:
        with console.progress("looking for near duplicates", "images") as bar:
            audit["near_duplicates"] = examine_pixels(images, seen, split, encoded, images.digest, bar)
    return {**audit, "findings": findings(audit)}, prepared


def _identity(config: DictConfig, samples: Samples, target: Target) -> dict[str, Any]:
    return {
        "kind": samples.kind,
        "task": target.task,
        "why": target.why,
        "classes": list(target.classes),
        "targets": list(target.names),
        "root": str(samples.root),
        "num_read": len(samples),
        "left_out": dict(samples.left_out),
        "target_gaps": count_gaps(samples.target),
        "obstacles": _obstacles(config, samples),
        "bad": [],
        "decode_notes": [],
        "near_duplicates": {},
    }


def _obstacles(config: DictConfig, samples: Samples) -> list[str]:
    """Ask the policies for missing values what they would refuse."""
    missing: Missing = instantiate(config.missing)
    found = []
    for keep, parts in (
        (missing.keep_target, (samples.target,)),
        (missing.keep_inputs, (samples.inputs, samples.categorical)),
    ):
        try:
            keep(*parts)
        except UserError as error:
            found.append(str(error))
    return found


def _lenient(config: DictConfig) -> DictConfig:
    kept = {key: "drop" for key in LENIENT if config.missing[key] == "drop"}
    merged = OmegaConf.merge(config, {"missing": {**LENIENT, **kept}})
    assert isinstance(merged, DictConfig)
    merged.missing.columns = {}
    return merged


def _count_trainable(config: DictConfig, prepared: Prepared) -> int | None:
    """Count what a run would train: the head of a frozen network, or all; None for a module of the user's."""
    if own_module(config):
        return None
    data: dict[str, Any] = {"kind": prepared.samples.kind, "target": prepared.target.state()}
    num_targets = len(prepared.target.names)
    data |= {"center": [0.0] * num_targets, "scale": [1.0] * num_targets}
    if isinstance(prepared.source, Store | Stream):
        data["image"] = {"shape": list(prepared.source.shape), "mean": [0.5], "std": [0.5]}
    if prepared.columns is not None:
        data["columns"] = prepared.columns.state()
    network = build_network(config, data, pretrained=False, reads=None)
    plan: Plan = instantiate(config.transfer, _convert_="all")
    if plan.rank:
        network = plan.enter(plan.adapt(network), plan.phases[-1])
        return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    parts = network.head if config.transfer.scenario in FROZEN else network
    return sum(parameter.numel() for parameter in parts.parameters())
