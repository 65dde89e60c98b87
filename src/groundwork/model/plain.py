"""Any nn.Module -> a backbone of one stage."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from groundwork.core.errors import UserError, first_line


class ModuleBackbone(nn.Module):
    """Take what a module gives as the features of a backbone's only stage.

    Args:
        module: Inputs -> maps (B, C, H, W) or vectors (B, D).
        shape: Of one input, as the backbone reads it.
    """

    num_stages = 1

    def __init__(self, module: nn.Module, shape: Sequence[int]):
        super().__init__()
        self.module = module
        was_training = module.training
        try:
            with torch.no_grad():
                features = module.eval()(torch.zeros(2, *shape))
            if features.ndim not in (2, 4):
                raise ValueError(f"it gives {tuple(features.shape)}")
        except (RuntimeError, TypeError, ValueError, AttributeError) as error:
            raise UserError(
                f"a backbone must turn inputs (B, {', '.join(map(str, shape))}) into features (B, D) or (B, C, H, W), "
                f"but {type(module).__name__} does not ({first_line(error)}). Change it."
            ) from error
        finally:
            module.train(was_training)
        self.channels, self.spatial = (features.shape[1],), (features.ndim == 4,)

    def forward(self, inputs: Tensor, stages: Sequence[int] | None = None) -> list[Tensor]:
        """Compute the only stage."""
        features = self.module(inputs)
        return [features for _ in (stages if stages is not None else (0,))]

    def stage_modules(self) -> list[list[nn.Module]]:
        """Give the module."""
        return [[self.module]]

    def parameter_stages(self) -> dict[str, int]:
        """Count every tensor to the only stage."""
        return dict.fromkeys(self.state_dict(), 0)

    def parameter_layers(self) -> dict[str, int]:
        """Count every parameter to one layer."""
        return {name: 0 for name, _ in self.named_parameters()}

    def no_weight_decay(self) -> set[str]:
        """Let biases and norms alone stay."""
        return set()

    def prune(self, stage: int) -> None:
        """Keep the only stage."""
