"""A configuration -> what is wrong with its data, before anyone trains on it."""

from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from groundwork.batch import UserError
from groundwork.data import Missing, Samples, Store, Stream, Target
from groundwork.data.audit import examine, examine_pixels
from groundwork.data.audit_columns import count_gaps
from groundwork.data.audit_findings import findings
from groundwork.report.audit import audit_summary, wanted_samples, write_audit
from groundwork.run.audit.size import count_trainable
from groundwork.run.config.check import derived_choices
from groundwork.run.config.compose import Composition
from groundwork.run.folder import RunFolder
from groundwork.run.folder.folder import safe_name
from groundwork.run.images import build_images
from groundwork.run.prepare import Prepared, prepare
from groundwork.run.quiet import silence
from groundwork.run.screen import Screen
from groundwork.run.start import read_samples

# What an audit does where a run would stop: take the gap as one, and tell.
LENIENT = {
    "numeric": "constant",
    "constant": 0.0,
    "categorical": "slot",
    "target": "drop",
    "infinite": "missing",
}


def start(composition: Composition, screen: Screen) -> RunFolder:
    """Look at the data of a configuration; write audit.json and audit.html into the folder returned."""
    silence()
    config = composition.config
    samples, target = read_samples(config)
    screen.say(target.why)
    complete = composition.choose(**derived_choices(config, target.task))
    audit, prepared = audit_data(complete.config, samples, target, screen)
    folder = RunFolder.create(Path(config.paths.runs), safe_name(config.name or "audit"))
    for unused in ("checkpoints", "predictions", "figures"):
        (folder.path / unused).rmdir()
    audit["command"] = list(composition.overrides)
    folder.write_json("audit.json", audit)
    write_audit(folder.path, _photographs(config, folder, prepared))
    screen.show(audit_summary(folder.path))
    return folder


def audit_data(
    config: DictConfig, samples: Samples, target: Target, screen: Screen
) -> tuple[dict[str, Any], Prepared]:
    """Look at all of the data, past bad files and forbidden gaps, which are listed.

    Returns:
        What `audit.json` holds, and the data as a run would see it once the bad files are gone.
    """
    audit = _identity(config, samples, target)
    if samples.kind == "image":
        store = build_images(config, samples, screen)
        bad = dict(store.bad)
        audit["bad"] = [{"sample_id": name, "reason": reason} for name, reason in store.bad]
        audit["decode_notes"] = [{"sample_id": name, "note": note} for name, note in store.note]
        # The images that stay are stored under their own key, where training finds them once the bad are gone.
        samples = samples.take(~samples.sample_id.isin(list(bad)).to_numpy()) if bad else samples
    prepared = prepare(_lenient(config), samples, target, screen)
    audit["notes"] = list(prepared.notes)
    audit["split_hash"] = prepared.split_hash
    images = prepared.source if isinstance(prepared.source, Store | Stream) else None
    digest = None if images is None else images.digest
    seen, split, encoded = prepared.samples, prepared.split, prepared.encoded
    with screen.progress("counting and comparing"):
        trainable = count_trainable(config, prepared)
        audit |= examine(seen, target, encoded, split, prepared.rows, digest, trainable)
    if images is not None:
        with screen.progress("looking for near duplicates", "images") as bar:
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


def _photographs(config: DictConfig, folder: RunFolder, prepared: Prepared) -> dict[str, NDArray[Any]]:
    """Read the photographs that the page shows, none of test."""
    source = prepared.source
    if not config.report.photos or not isinstance(source, Store | Stream):
        return {}
    names = prepared.samples.sample_id.to_numpy()
    wanted = set(wanted_samples(folder.path))
    shown = np.flatnonzero([name in wanted for name in names] & (prepared.split != "test"))
    found = {}
    for row in shown:
        found[str(names[row])] = source.batch(np.array([row]))[0].permute(1, 2, 0).numpy()
    return found
