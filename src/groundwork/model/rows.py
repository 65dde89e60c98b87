"""What all backbones of tables have in common: layers on embedded rows, one for each stage."""

from collections.abc import Sequence
from typing import cast

from torch import nn

from groundwork.model.embed import Embeddings


class RowBackbone(nn.Module):
    """Give the stages of layers whose first one embeds the row.

    Attributes:
        layers: `Embeddings`, then one layer per stage.
        channels: D_s of each stage.
        spatial: Of each stage: no map.
    """

    layers: nn.ModuleList
    channels: tuple[int, ...]
    spatial: tuple[bool, ...]

    @property
    def num_stages(self) -> int:
        """Count the stages that are left."""
        return len(self.layers)

    def span(self, position: int) -> range:
        """Name the embedded columns that a column of the rows becomes."""
        return cast(Embeddings, self.layers[0]).span(position)

    def show_counts(self, counts: Sequence[Sequence[int]]) -> None:
        """Note how often training shows each category, see `Embeddings.show_counts`."""
        cast(Embeddings, self.layers[0]).show_counts(counts)

    def stage_modules(self) -> list[list[nn.Module]]:
        """Give the layer of each stage."""
        return [[layer] for layer in self.layers]

    def parameter_stages(self) -> dict[str, int]:
        """Number the stage of every parameter and buffer, by its name in this module."""
        return {name: int(name.split(".")[1]) for name in self.state_dict()}

    def parameter_layers(self) -> dict[str, int]:
        """Number the depth of every parameter, 0 nearest to the row."""
        stages = self.parameter_stages()
        return {name: stages[name] for name, _ in self.named_parameters()}

    def prune(self, stage: int) -> None:
        """Drop the layers after a stage."""
        kept = range(self.num_stages)[stage] + 1
        self.layers = self.layers[:kept]
        self.channels, self.spatial = self.channels[:kept], self.spatial[:kept]
