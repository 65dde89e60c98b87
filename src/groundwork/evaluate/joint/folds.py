"""Folds of one configuration -> what each predicts of the rows that it did not learn from, written once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas import DataFrame

from groundwork.core.bounded import read_table
from groundwork.core.errors import UserError
from groundwork.core.intact import read_splits
from groundwork.core.predictions import Predictions, read_predictions, write_table
from groundwork.core.text import shortlist
from groundwork.data.drop import DROPPED
from groundwork.evaluate.compare.finished import FinishedRun
from groundwork.evaluate.joint.members import Joint
from groundwork.evaluate.ledger import fingerprint


def out_of_fold(joint: Joint) -> DataFrame:
    """Give one row per sample of train and val, predicted by the fold that validated on it; written when first asked.

    Raises:
        UserError: If the runs are not the folds of one cross-validation, each of them once.
    """
    path = joint.folder.out_of_fold
    if not path.is_file():
        if reason := why_not_folds(joint.members):
            raise UserError(reason)
        tables = [read_table(run.folder.predictions("val"), pd.read_parquet) for run in joint.members]
        whole = pd.concat(tables, ignore_index=True)
        _check_whole(whole, joint.members)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(path, whole)
    return read_table(path, pd.read_parquet)


def read_out_of_fold(joint: Joint) -> Predictions | None:
    """Read what folds predict of each other; None where the runs are not the folds of one cross-validation."""
    if why_not_folds(joint.members):
        return None
    out_of_fold(joint)
    data = joint.first.data
    return read_predictions(joint.folder.out_of_fold, data["classes"], data["targets"])


def why_not_folds(runs: Sequence[FinishedRun]) -> str | None:
    """Say in one line why runs are not the folds of one cross-validation, each of them once; None where they are."""
    splits = [run.folder.config.split for run in runs]
    if any(split.get("k") is None for split in splits):
        return "out-of-fold predictions must come from runs with split=folds, but some have another split. Use it."
    k, folds = splits[0].k, sorted(split.fold for split in splits)
    if any((split.k, split.seed) != (k, splits[0].seed) for split in splits) or folds != list(range(k)):
        return (
            f"out-of-fold predictions must come from all {k} folds of one split.seed, each of them once, but got fold "
            f"{shortlist(folds, 10)}. Train the missing ones, or narrow the glob."
        )
    if len({fingerprint(dict(run.folder.config)) for run in runs}) > 1:
        return "out-of-fold predictions must come from folds of one configuration, but got several. Narrow the glob."
    return None


def _check_whole(table: DataFrame, runs: Sequence[FinishedRun]) -> None:
    """Refuse folds that do not hold every sample once, as those of data that changed in between do."""
    known = read_splits(runs[0].folder)
    wanted = np.sort(known.sample_id[~known.split.isin(["test", DROPPED])].to_numpy(dtype=str))
    if not np.array_equal(np.sort(table.sample_id.to_numpy(dtype=str)), wanted):
        raise UserError(
            f"the folds must hold every sample of train and val once, but hold {len(table)} rows for {len(wanted)} "
            "samples. Train them again on the same data."
        )
