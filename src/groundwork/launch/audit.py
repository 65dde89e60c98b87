"""A configuration -> audit.json and audit.html, before anyone trains on its data."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.noise import silence
from groundwork.core.run_files import FOLDERS
from groundwork.core.run_folder import RunFolder, safe_name
from groundwork.data import Store, Stream
from groundwork.data.prepared import Prepared
from groundwork.evaluate.suspects.find import find_suspects
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.own import refuse_own
from groundwork.report.audit import audit_summary, wanted_samples, write_audit
from groundwork.report.suspects import MOST_SHOWN, read_suspects, suspect_summary, write_suspects
from groundwork.train.audit.full import audit_data
from groundwork.train.samples import read_samples
from groundwork.transfer import Plan


def start(composition: Composition, console: Console) -> RunFolder:
    """Look at the data of a configuration; write audit.json and audit.html into the folder returned."""
    silence()
    config = composition.config
    refuse_own(config, "audit.py", data_alone=not config.suspects)
    if config.suspects not in (True, False):
        raise UserError(f"suspects must be true or false, but got {config.suspects!r}. Use suspects=true.")
    samples, target = read_samples(config)
    if config.suspects and target.task != "classification":
        raise UserError(f"suspects=true must have classes, but the task is {target.task}. Leave it out.")
    console.say(target.why)
    for note in samples.notes:
        console.note(note)
    complete = composition.derive(target.task)
    audit, prepared = audit_data(complete.config, samples, target, console)
    folder = RunFolder.create(Path(config.paths.runs), safe_name(config.name or "audit"))
    for unused in FOLDERS:
        (folder.path / unused).rmdir()
    audit["command"] = [word for word in composition.overrides if not word.startswith("suspects=")]
    folder.write_json("audit", audit)
    write_audit(folder.path, _photographs(config, folder, prepared))
    console.show(audit_summary(folder.path))
    if config.suspects is True:
        _look_for_suspects(complete, prepared, folder, console)
    return folder


def _look_for_suspects(
    complete: Composition, prepared: Prepared, folder: RunFolder, console: Console
) -> None:
    """Rank the labels that may be wrong, and show the first ones."""
    plan: Plan = instantiate(complete.choose(transfer="small_different").config.transfer, _convert_="all")
    find_suspects(complete.config, plan, prepared, folder, console)
    shown = set(read_suspects(folder.path).head(MOST_SHOWN).sample_id)
    rows = {} if prepared.samples.kind == "image" else _rows(prepared, shown)
    write_suspects(folder.path, _pixels(complete.config, prepared, shown), rows)
    console.show(suspect_summary(folder.path))


def _rows(prepared: Prepared, shown: set[str]) -> dict[str, str]:
    """Write each of some rows as one line."""
    samples = prepared.samples
    numbers = np.flatnonzero(samples.sample_id.isin(shown))
    told = samples.inputs.iloc[numbers].to_dict("records")
    lines = [", ".join(f"{name} {value}" for name, value in row.items()) for row in told]
    return dict(zip(samples.sample_id.iloc[numbers], lines, strict=True))


def _photographs(config: DictConfig, folder: RunFolder, prepared: Prepared) -> dict[str, NDArray[Any]]:
    """Read the photographs that the page shows, none of test."""
    return _pixels(config, prepared, set(wanted_samples(folder.path)))


def _pixels(config: DictConfig, prepared: Prepared, wanted: set[str]) -> dict[str, NDArray[Any]]:
    """Read some photographs, none of test."""
    source = prepared.source
    if not config.report.photos or not isinstance(source, Store | Stream):
        return {}
    names = prepared.samples.sample_id.to_numpy()
    shown = np.flatnonzero([name in wanted for name in names] & (prepared.split != "test"))
    found = {}
    for row in shown:
        found[str(names[row])] = source.batch(np.array([row]))[0].permute(1, 2, 0).numpy()
    return found
