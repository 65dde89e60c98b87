"""Your metric: predictions of a whole split -> one number. `metrics.extra` in conf/experiment/mine.yaml names it."""

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics import Metric


class BrierScore(Metric):
    """Give the mean squared distance between predicted and true probabilities, in [0, 2].

    mean over samples of sum_k (p_k - y_k)^2, where y is 1 for the true class, else 0.

    Source:
        Brier 1950, Monthly Weather Review 78(1), equation 2.
    """

    higher_is_better = False  # so that `monitor=brier` knows which way is better
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Take in probabilities (N, K) and labels (N,) int64."""
        truth = functional.one_hot(target, preds.shape[1])
        self.total += (preds - truth).square().sum()
        self.count += len(target)

    def compute(self) -> Tensor:
        """Give the mean over all samples."""
        return self.total / self.count
