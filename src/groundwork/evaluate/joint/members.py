"""A glob of run folders -> the runs that predict as one, which must answer the same question."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.paths import machine_paths
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.compare.finished import FinishedRun, check_comparable, read_runs
from groundwork.evaluate.ledger import fingerprint
from groundwork.evaluate.network import file_hash

JOINT = "joint"  # beside the folders of runs: records of joint models, which are no runs themselves


class Joint:
    """Hold runs that predict as one.

    Args:
        members: Finished runs of one task, see `read_joint`.
        runs: Folder of the ledger, `paths.runs`.
    """

    def __init__(self, members: Sequence[FinishedRun], runs: Path):
        self.members, self.runs = tuple(members), runs

    @property
    def first(self) -> FinishedRun:
        """Give the member whose metrics and decisions hold for all."""
        return self.members[0]

    @cached_property
    def hashes(self) -> list[str]:
        """Hash the weights of each member."""
        return [file_hash(run.folder.best) for run in self.members]

    @cached_property
    def folder(self) -> RunFolder:
        """Name the record, beside the runs, by the weights of its members, in whatever order they are named."""
        name = sha256("\n".join(sorted(self.hashes)).encode()).hexdigest()[:16]
        return RunFolder(self.first.folder.path.parents[1] / JOINT / name)

    @property
    def configuration(self) -> dict[str, object]:
        """Say what the ledger counts: what is joined, how many times; seeds and folds of it do not matter."""
        return {
            "join": "mean",
            "members": sorted(fingerprint(dict(run.folder.config)) for run in self.members),
        }

    @property
    def rounds(self) -> bool:
        """Tell whether whole numbers are asked for."""
        return str(self.first.folder.config.task.get("decision")) == "round"

    def mean(self, predictions: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
        """Average probabilities (N, K) or values (N, T) of the members; whole numbers stay whole."""
        joined = np.mean(np.stack(predictions).astype(np.float64), axis=0)
        return np.asarray(np.rint(joined) if self.rounds else joined)


def read_joint(keys: Mapping[str, str]) -> Joint:
    """Read the runs that the glob `runs` matches, or the `best` of them by what they monitor on val.

    Raises:
        UserError: If there are fewer than two, one is not finished, or they differ in task, classes, targets, monitor
            or in how they decide.
    """
    runs, left_out = read_runs(RunFolder.match(keys["runs"]))
    if left_out:
        path, status = next(iter(left_out.items()))
        raise UserError(
            f"runs={keys['runs']} must match finished runs, but {path} is not ({status}). Resume it."
        )
    check_comparable(runs)
    _check_decisions(runs)
    if "best" in keys:
        runs = _best(runs, keys["best"])
    if len(runs) < 2:
        raise UserError(
            f"runs={keys['runs']} must match two runs or more to join, but matches one. Use run=DIR."
        )
    return Joint(runs, Path(machine_paths(keys).runs))


def _check_decisions(runs: Sequence[FinishedRun]) -> None:
    for key in ("task.decision", "metrics.positive", "metrics.threshold", "loss.quantiles"):
        first, *others = [OmegaConf.select(run.folder.config, key) for run in runs]
        for run, other in zip(runs[1:], others, strict=True):
            if other != first:
                raise UserError(
                    f"runs= must match runs of one {key}, but got {first} ({runs[0].folder.path}) and {other} "
                    f"({run.folder.path}). Narrow the glob."
                )


def _best(runs: Sequence[FinishedRun], number: str) -> list[FinishedRun]:
    if not number.isdigit() or not 1 < int(number) <= len(runs):
        raise UserError(f"best={number} must be a whole number from 2 to the {len(runs)} runs. Choose one.")
    if len({run.result["split_hash"] for run in runs}) > 1:
        raise UserError(
            f"best={number} must choose among runs with the same val rows, but they differ. Leave out best=."
        )
    monitor = runs[0].result["monitor"]
    sign = -1 if runs[0].result["direction"] == "max" else 1
    ranked = [(sign * value, run) for run in runs if (value := run.result["val"].get(monitor)) is not None]
    return [run for _, run in sorted(ranked, key=lambda pair: pair[0])[: int(number)]]
