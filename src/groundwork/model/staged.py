"""What a network asks of its backbone, and backbones whose stages are modules that run one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Protocol, cast

from torch import Tensor, nn

from groundwork.model.embed import Embeddings


class Backbone(Protocol):
    """What a network asks of its backbone, which is an nn.Module besides."""

    channels: Any  # width of each stage
    spatial: Any  # whether each stage is a map (B, C, H, W)

    @property
    def num_stages(self) -> int:
        """Count the stages that are left."""

    def __call__(self, inputs: Tensor, stages: Sequence[int] | None = None) -> list[Tensor]:
        """Compute the asked stages, all by default: maps (B, C, H, W) or vectors (B, D)."""

    def stage_modules(self) -> list[list[nn.Module]]:
        """Collect the modules that lie wholly inside each stage."""

    def parameter_stages(self) -> dict[str, int]:
        """Number the stage of every parameter and buffer."""

    def parameter_layers(self) -> dict[str, int]:
        """Number the depth of every parameter."""

    def no_weight_decay(self) -> set[str]:
        """Name parameters that must not decay beside biases and norms."""

    def prune(self, stage: int) -> None:
        """Drop everything after a stage."""


class Staged(nn.Module):
    """Hand out what each of some modules makes of the output of the one before.

    Attributes:
        parts: Attribute that lists the modules; it is part of the names in checkpoints.
        channels: Width of each stage.
        spatial: Whether a stage is a map (B, C, H, W); otherwise it is (B, D).
    """

    parts: ClassVar[str] = "layers"
    channels: tuple[int, ...]
    spatial: tuple[bool, ...]

    @property
    def _modules_in_order(self) -> Any:
        return getattr(self, self.parts)

    @property
    def num_stages(self) -> int:
        """Count the stages that are left."""
        return len(self._modules_in_order)

    def forward(self, inputs: Tensor, stages: Sequence[int] | None = None) -> list[Tensor]:
        """Compute the asked stages, all by default, and nothing after the deepest."""
        wanted = list(range(self.num_stages)) if stages is None else list(stages)
        found: list[Tensor] = []
        for module in islice(self._modules_in_order, max(wanted) + 1):
            inputs = module(inputs)
            found.append(inputs)
        return [found[stage] for stage in wanted]

    def stage_modules(self) -> list[list[nn.Module]]:
        """Give the module of each stage."""
        return [[module] for module in self._modules_in_order]

    def parameter_stages(self) -> dict[str, int]:
        """Number the stage of every parameter and buffer, by its name in this module."""
        return {name: int(name.split(".")[1]) for name in self.state_dict()}

    def parameter_layers(self) -> dict[str, int]:
        """Number the depth of every parameter, 0 nearest to the input: its stage."""
        return {name: int(name.split(".")[1]) for name, _ in self.named_parameters()}

    def no_weight_decay(self) -> set[str]:
        """Name parameters that must not decay beside biases and norms."""
        return set()

    def prune(self, stage: int) -> None:
        """Drop everything after a stage."""
        kept = range(self.num_stages)[stage] + 1
        setattr(self, self.parts, self._modules_in_order[:kept])
        self.channels, self.spatial = self.channels[:kept], self.spatial[:kept]


class FeatureBackbone(Staged):
    """Stand in for a backbone whose features are cached: its only stage is what comes in.

    Args:
        num_features: Width of the cached features.
    """

    def __init__(self, num_features: int):
        super().__init__()
        self.layers = nn.ModuleList([nn.Identity()])
        self.channels, self.spatial = (num_features,), (False,)

    def forward(self, inputs: Tensor, stages: Sequence[int] | None = None) -> list[Tensor]:
        """Pass features (B, D) on, of which training asks at every step."""
        return [inputs for _ in (stages if stages is not None else (0,))]


@dataclass(frozen=True)
class FirstLinear:
    """Hold a backbone of rows, taken apart at its first linear layer, as evaluation runs it.

    Attributes:
        embed: Rows (B, D) -> embedded rows (B, F).
        linear: Embedded rows (B, F) -> what the first activation gets, (B, ...).
        add: Changes (B, W) of some embedded columns, and which they are -> what they change of that.
        rest: All modules after it.
    """

    embed: Callable[[Tensor], Tensor]
    linear: Callable[[Tensor], Tensor]
    add: Callable[[Tensor, Sequence[int]], Tensor]
    rest: Sequence[nn.Module]


class RowBackbone(Staged):
    """Give the stages of layers whose first one, `Embeddings`, embeds the row of a table."""

    layers: nn.ModuleList

    def first_linear(self) -> FirstLinear | None:
        """Take the backbone apart at its first linear layer; None where there is none."""
        return None

    def span(self, position: int) -> range:
        """Name the embedded columns that a column of the rows becomes."""
        return cast(Embeddings, self.layers[0]).span(position)

    def show_counts(self, counts: Sequence[Sequence[int]]) -> None:
        """Note how often training shows each category, see `Embeddings.show_counts`."""
        cast(Embeddings, self.layers[0]).show_counts(counts)
