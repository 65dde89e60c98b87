"""Folds that chose a head -> what heads predict that were chosen without the rows that judge them."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from groundwork.transfer import Candidate, Choice, OutOfFold

MOST_ROWS = 1_000  # beyond, choosing once per fold costs too much


def nested_outputs(
    options: Sequence[Candidate], whole: OutOfFold, choose: Callable[[OutOfFold, Tensor], Choice]
) -> Tensor | None:
    """Choose among the other folds, learn from them all, and predict each fold in turn: (M, K) of the judging rows.

    Args:
        options: What is compared.
        whole: Attempts over all folds.
        choose: Attempts and their judging rows (numbers among all that judge) -> the choice.

    Returns:
        None where there are fewer than three folds, or too many rows.
    """
    numbers = np.unique(whole.fold[whole.judging])
    if len(numbers) < 3 or len(whole.fold) > MOST_ROWS:
        return None
    outputs: Tensor | None = None
    for number in numbers:
        rows = np.flatnonzero(whole.fold != number)
        place = np.full(len(whole.fold), -1)
        place[rows] = np.arange(len(rows))
        judges = whole.judging[whole.fold[whole.judging] != number]
        inner = OutOfFold(
            [stage[rows] for stage in whole.stages],
            whole.spatial,
            whole.target[torch.from_numpy(rows)],
            whole.fold[rows],
            place[judges],
            len(rows),
            whole.strengths,
            whole.solve,
        )
        apart = whole.fold[whole.judging] != number
        choice = choose(inner, torch.from_numpy(np.flatnonzero(apart)))
        predicted = choice.head(whole.read(choice.candidate, whole.judging[~apart]))
        outputs = predicted.new_empty(len(whole.judging), predicted.shape[1]) if outputs is None else outputs
        outputs[torch.from_numpy(~apart)] = predicted
    return outputs
