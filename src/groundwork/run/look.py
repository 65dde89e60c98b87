"""What one looks at from Python before and after training: data, split, audit, advice, many runs side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pandas import DataFrame

from groundwork.data import Samples
from groundwork.run.config.compose import Composition, complete, compose_run
from groundwork.run.folder import RunFolder
from groundwork.run.run import Run
from groundwork.run.screen import Screen
from groundwork.run.start import read_samples


def read(overrides: Sequence[str]) -> Samples:
    """Read the samples of a configuration: sample_id, target, inputs or paths, N aligned rows.

    Args:
        overrides: Words as on the command line, such as ["data=solar_cells"].
    """
    samples, _ = read_samples(_compose(overrides).config)
    return samples


def split(overrides: Sequence[str], quiet: bool = True) -> DataFrame:
    """Split the samples of a configuration as a run would, without training.

    Returns:
        One row per sample that takes part: sample_id, split, group where there is one, and the targets.
    """
    from groundwork.run.prepare import prepare  # torch: not for reading runs

    config = _compose(overrides).config
    samples, target = read_samples(config)
    prepared = prepare(config, samples, target, Screen(quiet))
    kept = prepared.samples
    table = DataFrame({"sample_id": kept.sample_id, "split": prepared.split})
    if kept.group is not None:
        table["group"] = kept.group
    return table.join(kept.target.rename(columns={name: f"target/{name}" for name in table}))


def audit(overrides: Sequence[str], quiet: bool = False) -> dict[str, Any]:
    """Look at the data of a configuration as scripts/audit.py does.

    Returns:
        What its audit.json holds, and `folder`, where audit.html lies.
    """
    from groundwork.run.audit.audit import start  # torch: not for reading runs

    folder = start(_compose(overrides), Screen(quiet))
    return {**folder.read_json("audit.json"), "folder": str(folder.path)}


def advise(overrides: Sequence[str], quiet: bool = False) -> dict[str, Any]:
    """Recommend a transfer scenario as scripts/advise.py does.

    Returns:
        What its advice.json holds: scenario, expected scores, reasons and evidence.
    """
    from groundwork.run.start import advise as start

    return start(_compose(overrides), Screen(quiet)).read_json("advice.json")


def compare(runs: str | Sequence[Run | str | Path], split: Literal["val", "test"] = "val") -> DataFrame:
    """Compare finished runs as scripts/compare.py does.

    Args:
        runs: A glob of run folders, or runs.
        split: "val", or "test" of sealed runs.

    Returns:
        One row per group of equal configurations and metric: mean, interval, difference to the best group.
    """
    from groundwork.run.compare import measure_groups  # torch: not for reading runs
    from groundwork.run.evaluate import find_runs

    if isinstance(runs, str):
        folders = find_runs(runs)
    else:
        folders = [RunFolder(Path(run.path if isinstance(run, Run) else run)) for run in runs]
    return measure_groups(folders, split, Screen(quiet=True))[0]


def _compose(overrides: Sequence[str]) -> Composition:
    return compose_run(complete(overrides))
