"""Combinations of overrides -> trials, each with a folder that follows from its configuration, and a record of all."""

import json
import os
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from groundwork.core.atomic import write_text
from groundwork.core.older import NEW_CHOICES, as_first_edition
from groundwork.core.paths import writing_runs
from groundwork.core.run_folder import RunFolder, plain
from groundwork.core.variables import SWEEP
from groundwork.launch.config.compose import Composition
from groundwork.launch.config.resources import with_resources
from groundwork.launch.saved import run_name, save_start

# Where, how and under which name a trial runs does not make it another trial.
LEFT_OUT = ("cluster", "paths", "logger", "report", "hydra", "name", "tags", "experiment", "debug")


class TrialError(Exception):
    """Tell a sweeper that the run of a combination failed; what is wrong has been said."""


@dataclass(frozen=True)
class Trial:
    """Name one combination of a sweep.

    Attributes:
        varied: The overrides that not all trials share, for people.
        composition: Of all its overrides.
        folder: `<paths.runs>/<name>/sweep-<hash of the configuration>`, the same whenever it is composed again.
        base: The same without the number that tells equal ones apart.
    """

    varied: str
    composition: Composition
    folder: RunFolder
    base: Path

    @property
    def id(self) -> str:
        """Name the trial."""
        return self.folder.path.name

    @property
    def label(self) -> str:
        """Name the trial for people."""
        return self.varied or self.id

    def furnish(self) -> None:
        """Write what a fresh process needs, unless it is there, and forget how an earlier try ended."""
        if not self.folder.config_file.exists():
            RunFolder.furnish(self.folder.path)
            save_start(self.folder, self.composition)
        if result := self.folder.read_json("result"):
            self.folder.write_json("result", {**result, "status": "running"})


def identify(combinations: Sequence[Sequence[str]], typed: Sequence[str] = ()) -> list[Trial]:
    """Compose every combination; equal ones are told apart by a number.

    Args:
        combinations: Overrides of each.
        typed: Overrides of the whole sweep; they say what varies where a sweeper asks for one combination at a time.

    Raises:
        UserError: If an override names what does not exist.
    """
    several = len(combinations) > 1
    shared = set(combinations[0]).intersection(*map(set, combinations)) if several else set(typed)
    seen: Counter[Path] = Counter()
    trials = []
    for overrides in combinations:
        composition = with_resources(overrides)
        kin = Path(composition.config.paths.runs) / run_name(composition)
        path = base = kin / f"sweep-{_configuration_hash(composition)}"
        seen[base] += 1
        if seen[base] > 1:
            path = base.with_name(f"{base.name}-{seen[base]}")
        varied = " ".join(override for override in overrides if override not in shared)
        trials.append(Trial(varied, composition, RunFolder(path), base))
    return trials


class Record:
    """Keep who runs, what became of it and where, in `<paths.runs>/.sweeps/<hash of the sweep>.json`.

    A failed trial is not tried again before all that its sweeper asked for together have had their turn; then the same
    command tries it once more.

    Args:
        runs: Where runs lie.
        trials: Those that the sweeper asks for first.
        key: What the sweep is known by where its sweeper asks for trials in batches; "": all its trials are there.
    """

    def __init__(self, runs: Path, trials: Sequence[Trial], key: str = ""):
        known_by = key or "\n".join(sorted(trial.id for trial in trials))
        self.path = runs / ".sweeps" / f"{sha256(known_by.encode()).hexdigest()[:12]}.json"
        with writing_runs(runs):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self._content: dict[str, Any] = {"driver": {}, "trials": {}}

    @property
    def lock(self) -> Path:
        """Held by the process that drives the sweep."""
        return self.path.with_suffix(".lock")

    @property
    def group(self) -> str:
        """Name what the runs of the sweep share, which another launcher of Hydra's hands to each of them."""
        return os.environ.get(SWEEP) or self.path.stem

    def open(self, trials: Sequence[Trial], driver: dict[str, Any]) -> list[Trial]:
        """Read what is known and return those of some trials that still have to run."""
        if self.path.exists():
            self._content = json.loads(self.path.read_text(encoding="utf-8"))
        known = self._content["trials"]
        ended = self._content.pop("ended", False)  # of the whole sweep, in records of earlier versions
        again = all(known.get(trial.id, {}).get("ended", ended) for trial in trials)
        missing = []
        for trial in trials:
            entry = known.setdefault(trial.id, {"status": "waiting", "tries": 0})
            entry |= {"words": list(trial.composition.overrides), "folder": str(trial.folder.path)}
            entry |= {"label": trial.label, "ended": False}
            result = trial.folder.read_json("result")
            if result.get("status") == "done":
                entry |= {"status": "done", "error": None}
            elif entry["status"] == "running" and result.get("status") == "failed":
                entry |= {"status": "failed", "error": result.get("error")}  # after its driver was killed
            elif again or entry["status"] != "failed":
                missing.append(trial)
        self._content |= {"driver": driver}
        self._write()
        return missing

    def entry(self, trial: Trial) -> dict[str, Any]:
        """Return what is known of a trial."""
        entry: dict[str, Any] = self._content["trials"][trial.id]
        return entry

    def update(self, trial: Trial, **news: Any) -> None:
        """Write down what became of a trial."""
        self.entry(trial).update(news)
        self._write()

    def started(self, trial: Trial, **where: Any) -> None:
        """Write down that a trial runs."""
        tries = self.entry(trial)["tries"] + 1
        self.update(trial, status="running", error=None, is_wrong=False, tries=tries, **where)

    def end(self, trials: Sequence[Trial]) -> None:
        """Write down that some trials have all had their turn."""
        for trial in trials:
            self.entry(trial)["ended"] = True
        self._write()

    def count(self, trials: Sequence[Trial]) -> Counter[str]:
        """Count some trials by status."""
        return Counter(self.entry(trial)["status"] for trial in trials)

    def _write(self) -> None:
        write_text(self.path, json.dumps(plain(self._content), indent=1) + "\n")


def compare_command(folders: Sequence[Path]) -> str:
    """Give the command that puts the runs of a sweep into one table."""
    kin = {folder.parent for folder in folders}
    where = kin.pop() if len(kin) == 1 else folders[0].parents[1] / "*"
    return f"next    uv run scripts/compare.py runs={shlex.quote(f'{where}/sweep-*')}"


def _configuration_hash(composition: Composition) -> str:
    config = OmegaConf.to_container(composition.config, resolve=True)
    assert isinstance(config, dict)
    config = as_first_edition({str(key): value for key, value in config.items()})
    choices = sorted(choice for choice in composition.choices.items() if choice not in NEW_CHOICES)
    what = [
        {str(key): value for key, value in config.items() if key not in LEFT_OUT},
        [(group, option) for group, option in choices if group.partition("/")[0] not in LEFT_OUT],
    ]
    return sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:12]
