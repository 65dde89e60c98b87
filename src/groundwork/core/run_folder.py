"""The run folder: made, found again, and its plain files read and written."""

import json
import math
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.core.atomic import TEMPORARY, write_text
from groundwork.core.bounded import read_json, read_yaml, to_yaml
from groundwork.core.errors import UserError
from groundwork.core.lock import locked
from groundwork.core.paths import writing_runs
from groundwork.core.ranks import in_team, is_first
from groundwork.core.redact import redact
from groundwork.core.run_files import CONFIG, FOLDERS, START, JsonName, RunFiles
from groundwork.core.trust import checked_config


class RunFolder(RunFiles):
    """Make, find, read and write the folder of one run."""

    @classmethod
    def create(cls, runs: Path, name: str) -> "RunFolder":
        """Make a new folder, named by the Slurm job or by the time of day."""
        folder = runs / name
        for number in range(100):  # several runs of one Slurm job
            path = folder / (f"{run_id()}-{number}" if number else run_id())
            with writing_runs(runs):
                # A refused run may just have taken the empty folder above away.
                try:
                    path.mkdir(parents=True)
                except (FileExistsError, FileNotFoundError):
                    continue
            return cls.furnish(path)
        raise RuntimeError(f"no free run id under {folder}")

    @classmethod
    def furnish(cls, path: Path) -> "RunFolder":
        """Make what is missing of a run folder."""
        for name in FOLDERS:
            (path / name).mkdir(parents=True, exist_ok=True)
        return cls(path)

    @classmethod
    def find(cls, name: str, runs: Path) -> "RunFolder":
        """Find the run that a user names: a folder, or `latest` under `runs`.

        Raises:
            UserError: If there is no such run.
        """
        if name == "latest":
            known = [cls(path.parent) for path in runs.glob(f"*/*/{CONFIG}")]
            # An advice alone is no run.
            found = [one for one in known if not one.json_file("advice").exists() or one.splits.exists()]
            if not found:
                raise UserError(f"run=latest must name a run, but {runs} holds none. Train one first.")
            return max(found, key=lambda one: one.config_file.stat().st_mtime)
        folder = cls(Path(name).expanduser().resolve())
        if not folder.config_file.is_file():
            raise UserError(f"run={folder.path} must be a run folder, but it has no {CONFIG}.")
        return folder

    @classmethod
    def match(cls, glob: str) -> "list[RunFolder]":
        """List the run folders that a glob matches, sorted by path.

        Raises:
            UserError: If there is none.
        """
        pattern = Path(glob).expanduser()
        base = Path(pattern.anchor) if pattern.is_absolute() else Path.cwd()
        parts = pattern.relative_to(pattern.anchor) if pattern.is_absolute() else pattern
        found = sorted(path.parent.resolve() for path in base.glob(f"{parts.as_posix()}/{CONFIG}"))
        if not found:
            raise UserError(
                f"runs={glob} must match run folders, but none has a {CONFIG}. Quote the glob, check it."
            )
        return [cls(path) for path in found]

    @contextmanager
    def held(self, wait: bool) -> Iterator[None]:
        """Keep every other process out of this folder; the ranks of one team come in together.

        Raises:
            BusyError: If another process works in it and `wait` is False.
        """
        with locked(self.lock, wait) if is_first() and not in_team() else nullcontext():
            yield

    @cached_property
    def config(self) -> DictConfig:
        """Read the configuration, and refuse one that would call what nobody knows."""
        return checked_config(read_yaml(self.config_file), self.config_file)

    @property
    def is_debug(self) -> bool:
        """Tell whether the run only tried something out, as debug=fast does."""
        return any(
            str(one).startswith("debug=") for one in self.read_json("environment").get("overrides") or []
        )

    def sweep(self) -> None:
        """Remove the temporary files that a killed run left half-written."""
        for left in self.path.rglob(f".*{TEMPORARY}"):
            left.unlink(missing_ok=True)

    def remove_start(self) -> None:
        """Remove the folder, unless it holds more than how its run began; and those above it that become empty."""
        files = [path for path in self.path.rglob("*") if not path.is_dir()]
        if not all(any(path.match(name) for name in START) for path in files):
            return
        rmtree(self.path, ignore_errors=True)
        with suppress(OSError):  # not empty
            self.path.parent.rmdir()
            self.path.parent.parent.rmdir()

    def write_config(self, config: DictConfig) -> None:
        """Write the configuration with every interpolation resolved."""
        content = redact(OmegaConf.to_container(config, resolve=True))
        write_text(self.config_file, to_yaml(content))

    def read_json(self, name: JsonName) -> dict[str, Any]:
        """Read what is known of the run; empty where it is not written yet.

        Raises:
            UserError: If it is damaged, or too large to be one of ours.
        """
        path = self.json_file(name)
        return read_json(path) if path.exists() else {}

    def write_json(self, name: JsonName, content: Mapping[str, Any]) -> None:
        """Write JSON; a number that is not finite becomes null, as JSON knows no other."""
        shown = redact(plain(content))
        write_text(self.json_file(name), json.dumps(shown, indent=2, ensure_ascii=False) + "\n")


def run_id() -> str:
    """Name a run: the Slurm job that it is, else date, time and four random letters."""
    if job := os.environ.get("SLURM_JOB_ID"):
        array = os.environ.get("SLURM_ARRAY_JOB_ID")
        return f"{array}_{os.environ.get('SLURM_ARRAY_TASK_ID', '0')}" if array else job
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def safe_name(name: str) -> str:
    """Keep letters, digits, `_` and `-` of a name; everything else becomes `-`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "run"


def plain(value: Any) -> Any:
    """Turn numpy scalars, tuples, paths and mappings into what JSON and YAML hold."""
    if isinstance(value, float):  # first, since a wide table holds half a million
        return float(value) if math.isfinite(value) else None
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value) if isinstance(value, Path) else value
