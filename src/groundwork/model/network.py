"""Normalization, backbone, pooling and head as one module, of which a prefix may be frozen."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, Self, cast

import torch
from torch import Tensor, nn

from groundwork.model.adapters import fill_in_base, is_adapter, leave_out_base
from groundwork.model.layout import safe_layout
from groundwork.model.normalize import ImageNormalize, MapInput
from groundwork.model.pool import StagePool
from groundwork.model.staged import Backbone
from groundwork.model.views import view

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Network(nn.Module):
    """Turn raw inputs into outputs, and outputs into predictions.

    Args:
        normalize: Raw inputs -> float32 inputs of the backbone; nn.Identity for cached features.
        backbone: Inputs -> stages.
        pool: Stages -> features (B, D).
        head: Features -> output, with `decode`.
        columns: Rows of a table beside the images -> features that are joined to those of the image; None for none.

    Attributes:
        frozen: Stages of the backbone that keep every parameter and buffer as it is.
        stored_statistics: Whether every BatchNorm uses its stored statistics, in stages that train too.
        temperature: Of the probabilities that are served; `decode` divides the logits by it.
        views: Symmetries of an image whose mean prediction is served; 1 while anything trains.
        base: Hash of the backbone that adapters were put on, see `adapt`; None where there are none.
        num_merged: Parameters of adapters that are part of the weights by now.
    """

    def __init__(
        self,
        normalize: nn.Module,
        backbone: nn.Module,
        pool: StagePool,
        head: nn.Module,
        columns: Any = None,
    ):
        super().__init__()
        self.normalize, self.backbone, self.pool, self.head = normalize, backbone, pool, head
        self.columns = columns
        self.frozen: frozenset[int] = frozenset()
        # what a backbone itself keeps from training, such as fixed positions
        self._fixed = {name for name, value in self.named_parameters() if not value.requires_grad}
        self.stored_statistics = False
        self.temperature, self.views = 1.0, 1
        self.base: str | None = None
        self.num_merged = 0
        self.register_state_dict_post_hook(leave_out_base)  # type: ignore[no-untyped-call]  # torch leaves both untyped
        self.register_load_state_dict_pre_hook(fill_in_base)  # type: ignore[no-untyped-call]

    @property
    def stem(self) -> Backbone:
        """Give the backbone with the type of its contract."""
        return cast(Backbone, self.backbone)

    @property
    def num_stages(self) -> int:
        """Count the backbone's stages."""
        return self.stem.num_stages

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute logits (B, K), or scaled values (B, T)."""
        return self.combine(self.view_features(inputs))

    def features(self, inputs: Tensor) -> Tensor:
        """Compute what the head reads, (B, D) float32."""
        return self.beside(self.pool(self.stem(self.normalize(inputs), self.pool.stages)), inputs)

    def view_features(self, inputs: Tensor) -> list[Tensor]:
        """Compute what the head reads of each view of the inputs, (B, D) float32 each."""
        shown = self.normalize(inputs)
        views = [view(shown, number) for number in range(self.views)] if self.views > 1 else [shown]
        return [self.beside(self.pool(self.stem(one, self.pool.stages)), inputs) for one in views]

    def beside(self, features: Tensor, inputs: Any) -> Tensor:
        """Join the features of an image and of its columns, (B, D) each."""
        return features if self.columns is None else torch.cat([features, self.columns(inputs.row)], dim=1)

    def combine(self, features: Sequence[Tensor]) -> Tensor:
        """Compute the output that `decode` turns into the mean prediction over views."""
        outputs = [self.head(each) for each in features]
        output: Tensor = outputs[0]
        if len(outputs) > 1:
            output = cast(Any, self.head).average(torch.stack(outputs, 1))
        return output

    def stages(self, inputs: Tensor) -> list[Tensor]:
        """Compute the pooled features of every stage, (B, D_s) float32 each."""
        return [self.pool.pool(stage) for stage in self.stem(self.normalize(inputs))]

    def after(self, stage: int) -> "Network | None":
        """Return the rest of the network, which reads the maps of a stage; None where the backbone can't be parted.

        It shares every later module with this network: training the one trains the other. Its head must read no
        earlier stage.
        """
        part = getattr(self.backbone, "after", None)
        if part is None or self.columns is not None:
            return None
        rest = Network(MapInput(), part(stage), self.pool, self.head)
        rest._fixed, rest.base = self._fixed, self.base
        return rest

    def arrange(self, memory_format: torch.memory_format) -> Self:
        """Lay out weights, and images before the backbone, in memory: a matter of speed alone."""
        memory_format = safe_layout(self, memory_format)
        self.to(memory_format=memory_format)
        if isinstance(self.normalize, ImageNormalize | MapInput):
            self.normalize.memory_format = memory_format
        return self

    def decode(self, output: Tensor) -> Tensor:
        """Turn output into predictions: probabilities (B, K), or values (B, T) in original units."""
        calibrated = output if self.temperature == 1 else output / self.temperature
        prediction: Tensor = cast(Any, self.head).decode(calibrated)
        return prediction

    @property
    def frozen_stages(self) -> int:
        """Count the first stages that are frozen without a gap."""
        return min(set(range(self.num_stages)) - self.frozen, default=self.num_stages)

    def freeze(self, num_stages: int) -> Self:
        """Freeze the first stages of the backbone and let all others train, see `train_stages`."""
        if not 0 <= num_stages <= self.num_stages:
            raise ValueError(f"num_stages must be in [0, {self.num_stages}], but got {num_stages}.")
        return self.train_stages(range(num_stages, self.num_stages), batch_norm="adapt")

    def train_stages(
        self, stages: Collection[int], batch_norm: Literal["adapt", "frozen"], adapters: bool = False
    ) -> Self:
        """Let these stages of the backbone and the head train, and freeze all other stages.

        A frozen stage has no gradients and stays in evaluation mode, so that BatchNorm uses its stored
        statistics, dropout is off, and not one bit of its parameters and buffers changes.

        Args:
            stages: Those that train, from 0 to `num_stages` - 1.
            batch_norm: "frozen" keeps the stored statistics of BatchNorm in stages that train, too.
            adapters: Whether those of frozen stages train.
        """
        if not set(stages) <= set(range(self.num_stages)):
            raise ValueError(f"stages must be from 0 to {self.num_stages - 1}, but got {sorted(stages)}.")
        self.frozen = frozenset(range(self.num_stages)) - frozenset(stages)
        self.stored_statistics = batch_norm == "frozen"
        owner = self.parameter_stages()
        for name, parameter in self.named_parameters():
            thawed = owner[name] not in self.frozen and name not in self._fixed
            parameter.requires_grad_(adapters if is_adapter(name) else thawed)
            if not parameter.requires_grad:
                parameter.grad = None
        return self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set the mode of everything but what is frozen, which always evaluates."""
        super().train(mode)
        for stage, modules in enumerate(self.stem.stage_modules()):
            for module in modules if stage in self.frozen else ():
                module.eval()
        for module in self.backbone.modules() if self.stored_statistics else ():
            if isinstance(module, BATCH_NORMS):
                module.eval()
        return self

    def parameter_stages(self) -> dict[str, int]:
        """Number the stage of every parameter and buffer; the head comes after the last stage."""
        backbone = {f"backbone.{name}": stage for name, stage in self.stem.parameter_stages().items()}
        head = {f"head.{name}": self.num_stages for name in self.head.state_dict()}
        beside = {} if self.columns is None else self.columns.state_dict()
        return backbone | head | {f"columns.{name}": self.num_stages for name in beside}

    def parameter_layers(self) -> dict[str, int]:
        """Number the depth of every parameter for layer-wise rates; the head is deepest."""
        layers = {f"backbone.{name}": layer for name, layer in self.stem.parameter_layers().items()}
        deepest = 1 + max(layers.values(), default=-1)
        return layers | {f"head.{name}": deepest for name, _ in self.head.named_parameters()}

    def no_weight_decay(self) -> set[str]:
        """Name parameters that must not decay beside biases and norms, such as positions."""
        return {f"backbone.{name}" for name in self.stem.no_weight_decay()}

    def trainable_parameters(self) -> list[nn.Parameter]:
        """List the parameters that are not frozen."""
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def describe(self) -> dict[str, int]:
        """Count parameters for people and for rules of thumb."""
        return {
            "parameters": sum(parameter.numel() for parameter in self.parameters()),
            "trainable_parameters": self.num_merged
            + sum(parameter.numel() for parameter in self.trainable_parameters()),
            "stages": self.num_stages,
            "frozen_stages": self.frozen_stages,
        }
