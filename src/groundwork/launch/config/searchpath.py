"""`hydra.searchpath=[DIR]`, where configurations of one's own lie -> the same, wherever a run goes on."""

import re
from collections.abc import Sequence
from pathlib import Path

from groundwork.core.errors import UserError
from groundwork.core.paths import CONF

SEARCHPATH = "hydra.searchpath"


def absolute_searchpath(override: str) -> str:
    """Make every folder of the override absolute, so that it means the same in another process.

    Raises:
        UserError: If a folder is not there, which Hydra would pass over, or one of its options has the name of one in
            `conf/`, which Hydra would take in its place.
    """
    return f"{SEARCHPATH}=[{','.join(map(_absolute, _entries(override)))}]"


def searchpath_overrides(overrides: Sequence[str]) -> list[str]:
    """Pick the overrides that every composition of a run needs before it knows the run's choices."""
    return [override for override in overrides if override.startswith(f"{SEARCHPATH}=")]


def searched_folders(overrides: Sequence[str]) -> list[Path]:
    """Name the folders of the search path, without those that are packages."""
    named = [one for override in searchpath_overrides(overrides) for one in _entries(override)]
    return [Path(one.removeprefix("file://")).expanduser() for one in named if not one.startswith("pkg:")]


def searched_packages(overrides: Sequence[str]) -> list[str]:
    """Name the packages that Hydra would import to search in them, as `pkg://birds.conf` does."""
    return [
        name for override in searchpath_overrides(overrides) for name in re.findall(r"pkg:/*(\w+)", override)
    ]


def _entries(override: str) -> list[str]:
    entries = [entry.strip().strip("'\"") for entry in override.partition("=")[2].strip("[]").split(",")]
    return [entry.replace("\\'", "'") for entry in entries if entry]


def _absolute(entry: str) -> str:
    if entry.startswith("pkg://"):
        return entry
    folder = Path(entry.removeprefix("file://")).expanduser().resolve()
    if not folder.is_dir():
        raise UserError(
            f"{SEARCHPATH} must name folders of YAML files, but {folder} is not a folder. Correct it."
        )
    if twin := next((path for path in _options(folder) if (CONF / path).is_file()), None):
        raise UserError(
            f"{SEARCHPATH} must hold options under names of their own, but {folder / twin} has the name of one in "
            f"{CONF}, which Hydra would take. Rename it."
        )
    escaped = folder.as_posix().replace("'", "\\'")
    return f"'file://{escaped}'"


def _options(folder: Path) -> list[Path]:
    """Name what a folder adds; `conf/` itself adds nothing."""
    return [] if folder == CONF else sorted(path.relative_to(folder) for path in folder.rglob("*.yaml"))
