"""`like=DIR key=value ...`: a new run with the configuration and the split of another one, but."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.atomic import write_bytes
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import intact, read_splits
from groundwork.core.paths import CONF, machine_paths
from groundwork.core.quote import key_of
from groundwork.core.run_folder import RunFolder
from groundwork.core.trust import refuse_untrusted
from groundwork.data import Samples
from groundwork.launch.config.changes import flat
from groundwork.launch.config.compose import Composition, absolute_override, compose_run
from groundwork.launch.config.explain import options
from groundwork.launch.config.quote import quote_override
from groundwork.launch.config.trusted import checked_overrides

FIXED = ("data", "experiment", "task")  # another choice of these makes another study


def with_like(overrides: Sequence[str]) -> list[str]:
    """Put the overrides of the run that `like=` names before those typed; without `like=` they stay as they are.

    A typed override replaces the same key, and a typed choice of a group replaces every key of that group.

    Raises:
        UserError: If there is no such run, or an override chooses other data.
    """
    named = [override.removeprefix("like=") for override in overrides if override.startswith("like=")]
    if not named:
        return list(overrides)
    if named[0] != "latest" and not RunFolder(Path(named[0]).expanduser()).config_file.is_file():
        raise UserError(
            f"like={named[0]} must be a run folder, but it has no config.yaml. Name one, or latest."
        )
    source = RunFolder.find(named[0], Path(machine_paths(overrides).runs))
    typed = [override for override in overrides if not override.startswith("like=")]
    keys = {key_of(override) for override in typed}
    if wrong := sorted(keys & set(FIXED)):
        raise UserError(
            f"{wrong[0]}= must stay that of like={source.path}, whose split it shares. Start a new run instead."
        )
    groups = tuple(f"{key}." for key in keys if (CONF / key).is_dir())
    kept = [
        override
        for override in overrides_of(source)
        if key_of(override) not in keys and not key_of(override).startswith(groups)
    ]
    return [*kept, *typed, quote_override(f"like={source.path}")]


def overrides_of(source: RunFolder) -> list[str]:
    """Give the overrides that compose the configuration of a run, with the choices that it made for itself.

    Raises:
        UserError: If the run did not write them down.
    """
    config = source.config
    found = source.read_json("environment").get("overrides")
    if not found or not isinstance(found, list) or not all(isinstance(override, str) for override in found):
        raise UserError(
            f"like={source.path} must name a run that has begun, but environment.json has no overrides. Name another."
        )
    overrides = [absolute_override(override, config) for override in found if key_of(override) != "like"]
    # Where and how it was queued is that of another machine, and `cluster.setup` would run there.
    overrides = [override for override in overrides if key_of(override).partition(".")[0] != "cluster"]
    overrides = checked_overrides(overrides, source.json_file("environment"))
    scenario = OmegaConf.select(config, "transfer.scenario")
    chosen = {key_of(override) for override in overrides}
    if "transfer" not in chosen and scenario in options("transfer") and scenario != "auto":
        overrides.append(f"transfer={scenario}")
    return overrides


def restore(run: Composition) -> tuple[Composition, set[str]]:
    """Take the configuration of the run that `like` names, but for what the overrides change in it.

    Whatever conf/ says by now, only the difference that the overrides make today is put on the stored configuration.

    Returns:
        The composition, and the dotted keys that were changed.
    """
    source = RunFolder(Path(run.config.like))
    with intact(source.path):
        return _restored(run, source)


def _restored(run: Composition, source: RunFolder) -> tuple[Composition, set[str]]:
    before, now = flat(compose_run(overrides_of(source)).config), flat(run.config)
    changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    stored = source.config
    refuse_untrusted(stored, source.config_file)
    kept = flat(stored)
    # Keys that conf/ has got since.
    added = {key for key in now if key not in kept and not any(one.startswith(f"{key}.") for one in kept)}
    content: Any = OmegaConf.to_container(stored, resolve=True)
    for key in sorted(changed | added):
        if key in now:
            _set(content, key, now[key])
        else:
            _drop(content, key)
    return replace(run, config=OmegaConf.create(content)), changed - {"like"}


def adopt_split(
    folder: RunFolder, config: DictConfig, samples: Samples, changed: set[str], console: Console
) -> None:
    """Copy the split of the run that `like` names into a new run, where it fits.

    Raises:
        UserError: If the data is not what it was, though no override changes what is read of it.
    """
    from groundwork.data.drop import DROPPED
    from groundwork.train.prepare import complete_rows  # torch: not before a run is known to be right

    source = RunFolder(Path(config.like))
    groups = {key.partition(".")[0] for key in changed}
    if "split" in groups:
        console.note(f"the split is drawn anew, as the overrides say, not that of {source.path}")
        return
    known = set(read_splits(source).sample_id)
    found = set(samples.sample_id[complete_rows(config, samples)])
    dropping = OmegaConf.select(config, "data.unreadable") == "drop"
    read_otherwise = bool(groups & {"data", "missing"})
    if known == found or (dropping and known < found):
        again = f",{DROPPED}\n".encode(), b",train\n"  # what this run leaves out is its own to say
        write_bytes(folder.splits, source.splits.read_bytes().replace(*again))
        if not read_otherwise:
            folder.write_json("data", {"content_hash": source.read_json("data").get("content_hash")})
        console.note(f"the split is that of {source.path}")
    elif read_otherwise:
        console.note(f"the split of {source.path} does not fit what is read now and is drawn anew")
    else:
        raise UserError(
            f"the data must be that of like={source.path}, but {len(found - known)} of {len(found)} samples are new "
            f"and {len(known - found)} are gone. Restore the data, or start a new run."
        )


def _set(content: dict[str, Any], key: str, value: Any) -> None:
    *above, last = key.split(".")
    for name in above:
        inner = content.get(name)
        content[name] = inner if isinstance(inner, dict) else {}
        content = content[name]
    content[last] = value


def _drop(content: dict[str, Any], key: str) -> None:
    *above, last = key.split(".")
    for name in above:
        inner = content.get(name)
        if not isinstance(inner, dict):
            return
        content = inner
    content.pop(last, None)
