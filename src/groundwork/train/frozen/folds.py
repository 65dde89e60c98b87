"""Train and val of a run -> folds that choose a linear head together, where val alone is small."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from groundwork.core.errors import UserError
from groundwork.data import SplitKeys
from groundwork.data.contents import input_contents
from groundwork.data.prepared import Prepared
from groundwork.data.split.keys import tie_units
from groundwork.data.split.split import deal_folds
from groundwork.train.context import Context
from groundwork.train.frozen.features import StageFeatures
from groundwork.transfer import OutOfFold, Plan
from groundwork.transfer.attempts import Solve

NUM_BINS = 10  # most quantile bins of continuous targets, where the split of the run knows none


def out_of_fold(
    context: Context, features: StageFeatures, plan: Plan, target: Tensor, solve: Solve
) -> OutOfFold:
    """Let every fold of train and val judge the heads that the others give; the images as they are judge.

    Args:
        target: Of all rows of `features.both()`.
        solve: See `OutOfFold`.
    """
    split = context.config.split
    fold = draw_folds(context.prepared, plan.folds, split.get("seed", 0), split.get("num_bins", NUM_BINS))
    num_train = len(context.prepared.rows["train"])
    train, val = np.arange(num_train), np.arange(num_train, len(fold))
    samples = np.concatenate([np.tile(train, plan.views), np.tile(val, plan.views)])
    first_views = np.concatenate([train, val + (plan.views - 1) * num_train])
    return OutOfFold(
        features.both(),
        features.spatial,
        target,
        fold[samples],
        first_views,
        plan.views * num_train,
        plan.strengths,
        solve,
    )


def draw_folds(prepared: Prepared, number: int, seed: int, num_bins: int) -> NDArray[np.int64]:
    """Deal train and then val, (N + M,), into folds as alike as splits are; groups and duplicates stay whole.

    Raises:
        UserError: If a class would be in one fold alone, and no other class beside it.
    """
    rows = np.concatenate([prepared.rows["train"], prepared.rows["val"]])
    samples = prepared.samples
    contents = input_contents(samples, getattr(prepared.source, "digest", None))
    keys = SplitKeys(
        sample_id=samples.sample_id.to_numpy()[rows],
        target=prepared.encoded[rows],
        group=None if samples.group is None else samples.group.to_numpy()[rows],
        duplicate=contents[rows],
    )
    fold = deal_folds(keys, tie_units(keys), number, seed, num_bins)
    for each in range(number):
        learned = keys.target[fold != each]
        if not len(learned) or (learned.ndim == 1 and len(np.unique(learned)) < 2):
            raise UserError(
                f"transfer.folds={number} must leave samples of two classes outside of each fold, but one holds nearly "
                f"all. Use transfer.folds=1."
            )
    return fold
