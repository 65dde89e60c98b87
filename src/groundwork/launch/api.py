"""What one looks at from Python before and after training: data, split, audit, advice, many runs side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pandas import DataFrame

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.ranges import check_choice
from groundwork.core.run_folder import RunFolder
from groundwork.data import Samples, Target
from groundwork.evaluate.run import Run
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import Composition, complete, compose_run
from groundwork.launch.config.like import with_like
from groundwork.launch.config.own import refuse_own
from groundwork.launch.start import begin
from groundwork.launch.told import told
from groundwork.train.samples import read_samples


@told
def read(overrides: Sequence[str]) -> Samples:
    """Read the samples of a configuration: sample_id, target, inputs or paths, N aligned rows.

    Args:
        overrides: Words as on the command line, such as ["data=solar_cells"].
    """
    return _read(_compose(overrides))[0]


@told
def split(overrides: Sequence[str], quiet: bool = True) -> DataFrame:
    """Split the samples of a configuration as a run would, without training.

    Returns:
        One row per sample that takes part: sample_id, split, group where there is one, and the targets.
    """
    from groundwork.train.prepare import prepare  # torch: not for reading runs

    composition = _compose(overrides)
    samples, target = _read(composition)
    prepared = prepare(composition.config, samples, target, Console(quiet))
    kept = prepared.samples
    table = DataFrame({"sample_id": kept.sample_id, "split": prepared.split})
    if kept.group is not None:
        table["group"] = kept.group
    return table.join(kept.target.rename(columns={name: f"target/{name}" for name in table}))


@told
def audit(overrides: Sequence[str], quiet: bool = False) -> dict[str, Any]:
    """Look at the data of a configuration as scripts/audit.py does.

    Returns:
        What its audit.json holds, and `folder`, where audit.html lies.
    """
    from groundwork.launch.audit import start  # torch: not for reading runs

    folder = start(_compose(overrides), Console(quiet))
    return {**folder.read_json("audit"), "folder": str(folder.path)}


@told
def advise(overrides: Sequence[str], quiet: bool = False) -> dict[str, Any]:
    """Recommend a transfer scenario as scripts/advise.py does.

    Returns:
        What its advice.json holds: scenario, expected scores, reasons and evidence.
    """
    from groundwork.launch.advise import advise as start

    return start(_compose(overrides), Console(quiet)).read_json("advice")


@told
def fit(overrides: Sequence[str], quiet: bool = False) -> Run:
    """Train a run as scripts/train.py does.

    Args:
        overrides: Words as on the command line, such as ["data=digits", "seed=1"].
        quiet: Print nothing; the run's train.log tells all.

    Raises:
        UserError: If an override or the data is wrong.
    """
    return Run(begin(_compose(with_like(overrides)), Console(quiet)).path)


@told
def compare(runs: str | Sequence[Run | str | Path], split: Literal["val", "test"] = "val") -> DataFrame:
    """Compare finished runs as scripts/compare.py does.

    Args:
        runs: A glob of run folders, or runs.
        split: "val", or "test" of sealed runs.

    Returns:
        One row per group of equal configurations and metric: mean, interval, difference to the best group.
    """
    from groundwork.evaluate.compare import measure_groups  # torch: not for reading runs

    check_choice("split", split, ("val", "test"))
    if isinstance(runs, str):
        folders = RunFolder.match(runs)
    elif not isinstance(runs, Sequence) or not all(isinstance(run, Run | str | Path) for run in runs):
        raise UserError(
            f"runs must be a glob or a list of runs, but got {runs!r}. Give 'runs/*/*', or [Run(...)]."
        )
    else:
        folders = [RunFolder(Path(run.path if isinstance(run, Run) else run)) for run in runs]
    return measure_groups(folders, split, Console(quiet=True))[0]


@told
def out_of_fold(runs: str) -> DataFrame:
    """Read what the folds of one cross-validation predict of the rows that they did not learn from.

    Written once, into predictions/oof.parquet of the record of their joint model beside them.

    Args:
        runs: A glob of the finished runs, each fold once.

    Returns:
        One row per sample of train and val, as `Run.predictions` gives them.
    """
    from groundwork.evaluate.joint.folds import out_of_fold as read  # torch: not for reading runs
    from groundwork.evaluate.joint.members import read_joint

    return read(read_joint({"runs": runs}))


def _read(composition: Composition) -> tuple[Samples, Target]:
    refuse_own(composition.config, "reading", data_alone=True)
    return read_samples(composition.config)


def _compose(overrides: Sequence[str]) -> Composition:
    composition = compose_run(complete(overrides))
    check_keys(composition)
    return composition
