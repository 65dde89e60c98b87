"""The configuration of a run and what is changed on resume -> the one it goes on with, read as those of a new run."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hydra import compose
from omegaconf import DictConfig, OmegaConf

from groundwork.core.admitted import admit_typed
from groundwork.core.errors import UserError
from groundwork.core.paths import local_overrides, make_paths_absolute
from groundwork.core.quote import key_of
from groundwork.launch.config.check import check_parts
from groundwork.launch.config.check_keys import check_group
from groundwork.launch.config.compose import compose_choices, compose_run
from groundwork.launch.config.explain import explained
from groundwork.launch.config.own_hydra import own_hydra
from groundwork.launch.config.quote import quote_override

GROUPS = ("logger", "cluster")  # chosen anew as a whole, too: logger=wandb, cluster=slurm
KEYS = ("trainer.", "callbacks.", "logger.", "cluster.", "paths.")
DATA = ("data.root", "data.table")  # where the same data lies now


def refuse_changes(changes: Sequence[str]) -> None:
    """Refuse what a run that goes on must keep.

    Raises:
        UserError: With what may be changed.
    """
    for change in changes:
        key = key_of(change)
        if key not in (*GROUPS, *DATA) and not key.startswith(KEYS):
            raise UserError(
                f"{change} cannot be changed on resume, only trainer.*, callbacks.*, logger, cluster, paths.*, "
                f"data.root and data.table. Start a new run with like=DIR and it instead."
            )


def changed(config: DictConfig, changes: Sequence[str], overrides: Sequence[str]) -> DictConfig:
    """Change the configuration of a run by words in Hydra's grammar, checked as those of a new run.

    Args:
        config: Of the run, resolved.
        changes: As typed.
        overrides: That the run was composed of; they name its options.

    Raises:
        UserError: If a word is not in Hydra's grammar, or a key or value is wrong.
    """
    if not changes:
        return config
    groups = [change for change in changes if key_of(change) in GROUPS]
    keys = [change for change in changes if change not in groups]
    before = OmegaConf.create(OmegaConf.to_container(config, resolve=False))
    assert isinstance(before, DictConfig)
    if groups:
        chosen = compose_run([*local_overrides(), *groups]).config
        for group in {key_of(change) for change in groups}:
            before[group] = chosen[group]
    after = _composed(before, keys)
    _follow(before, after)
    make_paths_absolute(after, changes)
    choices = _choices(joined(overrides, groups))
    for group in sorted({key_of(change).partition(".")[0] for change in changes} - {"data"}):
        check_group(group, after, choices.get(group, ""))
    check_parts(after)
    admit_typed(after)  # what was in the folder has been checked; the rest was typed
    return after


def joined(overrides: Sequence[str], changes: Sequence[str]) -> list[str]:
    """Add what was typed on resume to the overrides of a run; a group is chosen once."""
    chosen = {key_of(change) for change in changes} & {*GROUPS}
    return [override for override in overrides if key_of(override) not in chosen] + [*changes]


def _composed(config: DictConfig, keys: Sequence[str]) -> DictConfig:
    """Let Hydra itself read the words: `+` adds, `~` removes, and values have the types of a new run."""
    if not keys:
        return config
    with TemporaryDirectory() as folder, explained():
        Path(folder, "run.yaml").write_text(OmegaConf.to_yaml(config), encoding="utf-8")
        with own_hydra(Path(folder)):
            composed = compose("run", [quote_override(key) for key in keys])
    OmegaConf.set_struct(composed, False)  # as it was read
    return composed


def _follow(before: DictConfig, after: DictConfig) -> None:
    """Hand a place of the data on to the reader, whose copy of it was resolved when the run was saved."""
    for key in DATA:
        old, new = OmegaConf.select(before, key), OmegaConf.select(after, key)
        inner = f"data.reader.{key.partition('.')[2]}"
        if old != new and OmegaConf.select(before, inner) == old:
            OmegaConf.update(after, inner, new)


def _choices(overrides: Sequence[str]) -> dict[str, str]:
    """Name the options of a run; none where `conf/` no longer has them."""
    try:
        return compose_choices(overrides)
    except UserError:
        return {}
