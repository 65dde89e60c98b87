"""Your loss: outputs and targets -> one value per sample. `loss.function` in conf/experiment/mine.yaml names it."""

from torch import Tensor, nn


class GeneralizedCrossEntropy(nn.Module):
    """Give a loss between cross-entropy and absolute error, which bears some wrong labels.

    l = (1 - p_y^q) / q, where p = softmax(output) and y is the label.

    Args:
        q: In (0, 1]; towards 0 it is cross-entropy, at 1 absolute error.

    Source:
        Zhang and Sabuncu, NeurIPS 2018, arXiv:1805.07836, equation 6.
    """

    def __init__(self, q: float):
        super().__init__()
        if not 0 < q <= 1:
            raise ValueError(f"q must be in (0, 1], but got {q}. Change loss.function.q.")
        self.q = q

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """Compare logits (B, K) with labels (B,) int64; the task takes the mean of the result (B,)."""
        log_prob = output.log_softmax(dim=1).gather(1, target[:, None])[:, 0]
        losses = -(self.q * log_prob).expm1() / self.q
        return losses if weight is None else losses * weight
