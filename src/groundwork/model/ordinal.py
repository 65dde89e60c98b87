"""Features -> log-probabilities of ordered classes, by one score and ordered thresholds."""

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from groundwork.model.head import ClassificationHead
from groundwork.model.linear import LinearHead


class OrdinalHead(ClassificationHead):
    """Give log-probabilities by cumulative logits, P(class > k) = sigmoid(f - t_k) with t_1 < ... < t_(K-1).

    At first all classes are as probable. Shapes: features (B, D) float32; log-probabilities (B, K) float32.

    Source:
        McCullagh 1980, Regression models for ordinal data, equation 2.1, logistic.
    """

    def __init__(self, num_features: int, num_classes: int, dropout: float, num_members: int = 1):
        LinearHead.__init__(self, num_features, 1, dropout, num_members)
        levels = torch.arange(1, num_classes) / num_classes
        steps = levels.logit().diff()
        self.first = nn.Parameter(levels[:1].logit())
        # Of which softplus gives the steps.
        self.steps = nn.Parameter(steps + torch.log(-torch.expm1(-steps)))

    def thresholds(self) -> Tensor:
        """Give (K - 1,) thresholds, in order by construction."""
        return torch.cat([self.first, self.first + softplus(self.steps).cumsum(0)])

    def activate(self, output: Tensor) -> Tensor:
        """Turn scores (..., 1) into log-probabilities (..., K)."""
        above = output - self.thresholds()
        # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)), which loses no digits
        between = logsigmoid(above[..., :-1]) + logsigmoid(-above[..., 1:])
        between = between + torch.log(-torch.expm1(-softplus(self.steps)))
        return torch.cat([logsigmoid(-above[..., :1]), between, logsigmoid(above[..., -1:])], dim=-1)
