"""The linear layer of every head, or one for each of the networks that a backbone holds side by side."""

from torch import Tensor, nn


class LinearHead(nn.Module):
    """Drop out, then one linear layer that starts at zero, or one for each of the networks that a backbone holds.

    Attributes:
        num_members: M networks side by side in the features (B, M * D). While training each gives an output of its own,
            (B, M, K), so that each has its own loss; otherwise the mean of their predictions is the output, (B, K).
    """

    def __init__(self, num_features: int, num_outputs: int, dropout: float, num_members: int):
        super().__init__()
        self.num_members = num_members
        self.dropout = nn.Dropout(dropout)
        self.linear = zero_linear(num_features, num_outputs, num_members)

    def forward(self, features: Tensor) -> Tensor:
        """Compute the output of features (B, D), or (B, M * D)."""
        features = self.dropout(features)
        if self.num_members == 1:
            return self.activate(self.linear(features).float())
        # len() would bind the graph of an export to one batch size
        apart = features.reshape(-1, self.num_members, features.shape[1] // self.num_members)
        outputs = self.activate(self.linear(apart).float())
        return outputs if self.training else self.average(outputs)

    def activate(self, output: Tensor) -> Tensor:
        """Turn what the linear layer gives into the output."""
        return output

    def average(self, outputs: Tensor) -> Tensor:
        """Turn outputs (B, M, K) into the one (B, K) that `decode` turns into the mean prediction."""
        return outputs.mean(dim=1)


def zero_linear(num_features: int, num_outputs: int, num_members: int) -> nn.Module:
    """Build a linear layer of zeros, or one for each of the networks side by side in the features."""
    linear: nn.Module
    if num_members > 1:
        from tabm import LinearEnsemble  # scikit-learn comes with it: not for every network

        linear = LinearEnsemble(num_features // num_members, num_outputs, k=num_members)
    else:
        linear = nn.Linear(num_features, num_outputs)
    for parameter in linear.parameters():
        nn.init.zeros_(parameter)
    return linear
