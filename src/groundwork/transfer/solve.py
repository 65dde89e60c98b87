"""The exact head for a task: one call, whatever the kind of target."""

from collections.abc import Iterator, Sequence

from torch import Tensor
from torch.nn.functional import cross_entropy

from groundwork.transfer.ridge import solve_ridge
from groundwork.transfer.softmax import solve_softmax
from groundwork.transfer.spectrum import Linear


def solve_head(
    features: Tensor,
    target: Tensor,
    num_outputs: int,
    strengths: Sequence[float],
    class_weights: Tensor | None = None,
    sample_weight: Tensor | None = None,
) -> Iterator[Linear]:
    """Solve a softmax head for class numbers (N,), a ridge head for values (N, T), at one strength after the other.

    Rows without a class (-1), or without any value, are left out. A device without float64 leaves the
    work to the processor.
    """
    if features.device.type == "mps":
        features, target = features.cpu(), target.cpu()
        class_weights = None if class_weights is None else class_weights.cpu()
        sample_weight = None if sample_weight is None else sample_weight.cpu()
    if target.ndim == 1:
        known = target >= 0
        weight = None if sample_weight is None else sample_weight[known]
        return solve_softmax(features[known], target[known], num_outputs, strengths, class_weights, weight)
    known = ~target.isnan().all(dim=1)
    weight = None if sample_weight is None else sample_weight[known]
    return iter(solve_ridge(features[known], target[known], strengths, weight))


def head_loss(output: Tensor, target: Tensor, class_weights: Tensor | None = None) -> float:
    """Average over samples what `solve_head` minimizes, without the penalty.

    Args:
        output: (N, K) logits, or (N, T) scaled values.
        target: (N,) class numbers, -1 where unknown, or (N, T) scaled values, NaN where missing.
        class_weights: (K,).
    """
    if target.ndim == 1:
        weights = None if class_weights is None else class_weights.to(output)
        return float(cross_entropy(output, target, weights, ignore_index=-1))
    return float((output - target).square().nanmean())
