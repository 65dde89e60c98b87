"""Run folders -> the finished runs among them, which must be able to stand in one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.network import refuse_own


@dataclass(frozen=True)
class FinishedRun:
    """Hold what a finished run says about itself.

    Attributes:
        folder: Where it lies.
        result: Its result.json.
        data: Its data.json.
        config: Its config.yaml without `split.seed`, which repeats of one configuration differ in.
    """

    folder: RunFolder
    result: dict[str, Any]
    data: dict[str, Any]
    config: dict[str, Any]


def read_runs(folders: Sequence[RunFolder]) -> tuple[list[FinishedRun], dict[str, str]]:
    """Read the finished runs.

    Returns:
        The finished runs, and folder -> status of those left out.

    Raises:
        UserError: If none is finished.
    """
    runs, left_out = [], {}
    for folder in folders:
        result = folder.read_json("result")
        if result.get("status") != "done":
            left_out[str(folder.path)] = str(result.get("status", "no result yet"))
            continue
        refuse_own(folder)
        config: Any = OmegaConf.to_container(folder.config)
        config.get("split", {}).pop("seed", None)
        runs.append(FinishedRun(folder, result, folder.read_json("data"), config))
    if not runs:
        raise UserError(
            f"runs= must match finished runs, but none of {len(folders)} is. Resume one by train.py run=DIR."
        )
    return runs, left_out


def check_comparable(runs: Sequence[FinishedRun]) -> None:
    """Refuse runs that cannot stand in one table.

    Raises:
        UserError: If they differ in task, classes, targets or monitor.
    """
    same: dict[str, Callable[[FinishedRun], Any]] = {
        "task": lambda run: run.result["task"],
        "list of classes": lambda run: ", ".join(run.data["classes"]),
        "list of targets": lambda run: ", ".join(run.data["targets"]),
        "monitor": lambda run: run.result["monitor"],
        # runs without quantiles compare by their values
        "list of quantiles": lambda run: _quantiles(run) or next(filter(None, map(_quantiles, runs)), None),
    }
    for what, read in same.items():
        first = runs[0]
        for run in runs[1:]:
            if read(run) != read(first):
                one, other = (shorten(str(read(which)), 60) for which in (first, run))
                raise UserError(
                    f"runs= must match runs of one {what}, but got {one} ({first.folder.path}) and "
                    f"{other} ({run.folder.path}). Narrow the glob."
                )


def _quantiles(run: FinishedRun) -> Any:
    return (run.config.get("loss") or {}).get("quantiles")
