"""Any timm model as a backbone that hands out the features of its stages."""

from collections.abc import Sequence
from typing import Any, Self

import torch
from timm.data.config import resolve_model_data_config
from timm.models import group_parameters
from torch import Tensor, nn

from groundwork.core.errors import UserError, first_line
from groundwork.core.patches import with_children
from groundwork.core.timm_names import is_hub
from groundwork.model.create import create, model_options, own_size
from groundwork.model.hub import hub_options, read_hub
from groundwork.model.initialize import Init, initialize
from groundwork.model.stages import (
    end_position,
    honest_stages,
    module_stages,
    modules_by_stage,
    tensor_stages,
    without,
)
from groundwork.model.weights import load_weights

STAGES_OF_COLUMNS = 4  # a transformer, whose blocks all have one resolution, is cut into this many groups


class TimmBackbone(nn.Module):
    """Turn an image into the maps of a timm model's stages and the features that its classifier reads.

    The last stage is what timm's own classifier reads, pooled, (B, D); the stages before it are maps
    (B, C, H, W). A model without intermediate features has the last stage only.

    Args:
        name: A name of timm.list_models(), with or without the tag of its weights, or one that `read_hub` reads.
        pretrained: True (a weights package or timm's download), False, or a file of weights.
        in_chans: Channels that the first layer reads.
        image_size: Pixels per side; models with a fixed grid are built for it.
        drop_path: Probability of skipping a residual branch, in [0, 1).
        init: How weights from scratch are drawn, see `initialize`.
        hub: What `read_hub` has read of the name; None reads it.

    Attributes:
        channels: Width of each stage.
        spatial: Whether a stage is a map (B, C, H, W); otherwise it is (B, D).
        mean, std: Three numbers each that the weights were trained with, for images in [0, 1].
    """

    def __init__(
        self,
        name: str,
        pretrained: bool | str,
        in_chans: int,
        image_size: int,
        drop_path: float,
        init: Init,
        hub: dict[str, Any] | None = None,
    ):
        super().__init__()
        own: dict[str, Any] = {}
        if is_hub(name):
            hub = hub or read_hub(name)
            name, own = hub["architecture"], hub_options(hub)
        weights = own.get("pretrained_cfg")
        options = {**own, **model_options(name, in_chans, image_size, drop_path, weights)}
        if "img_size" in own:
            options["img_size"] = image_size
        self.model: Any = create(name, options)
        if pretrained:
            load_weights(self.model, name, pretrained, **options)
        else:
            initialize(self.model, init)
        data: dict[str, Any] = resolve_model_data_config(self.model)  # type: ignore[no-untyped-call]  # timm
        self.mean, self.std = tuple(data["mean"]), tuple(data["std"])
        self._taps, ends = _taps(self.model)
        self._owner = module_stages(self.model, ends)
        stages = self._dry_run(torch.zeros(1, in_chans, image_size, image_size), name)
        honest = honest_stages(self.model, self._owner, stages[:-1])
        if len(honest) < len(self._taps):
            self._taps, stages = (
                [self._taps[stage] for stage in honest],
                [stages[stage] for stage in (*honest, -1)],
            )
            self._owner = module_stages(self.model, [ends[stage] for stage in honest])
        self.channels = tuple(stage.shape[1] for stage in stages)
        self.spatial = tuple(stage.ndim == 4 for stage in stages)

    @property
    def num_stages(self) -> int:
        """Count the stages that are left."""
        return len(self.channels)

    def forward(self, image: Tensor, stages: Sequence[int] | None = None) -> list[Tensor]:
        """Compute the asked stages in the order asked, all by default, and nothing after the deepest.

        Shapes: image (B, C, H, W) float32, normalized.
        """
        wanted = list(range(len(self.channels))) if stages is None else list(stages)
        last = len(self._taps)
        maps = sorted({stage for stage in wanted if stage < last})
        if not maps:
            return [self._pooled(self.model.forward_features(image)) for _ in wanted]
        indices = [self._taps[stage] for stage in maps]
        if last not in wanted:
            taken = self.model.forward_intermediates(
                image, indices=indices, stop_early=True, intermediates_only=True
            )
            found = dict(zip(maps, taken, strict=True))
        else:
            # the deepest map is asked for as well, since some models stop after the last one asked for
            deepest = len(self.model.feature_info) - 1
            final, taken = self.model.forward_intermediates(image, indices=sorted({*indices, deepest}))
            found = dict(zip([*maps, last], [*taken[: len(maps)], self._pooled(final)], strict=True))
        return [found[stage] for stage in wanted]

    def stage_modules(self) -> list[list[nn.Module]]:
        """Collect for each stage the largest modules inside it; containers of several stages are in none."""
        return modules_by_stage(self.model, self._owner, self.num_stages)

    def parameter_stages(self) -> dict[str, int]:
        """Number the stage of every parameter and buffer, by its name in this module."""
        return {f"model.{name}": stage for name, stage in tensor_stages(self.model, self._owner).items()}

    def parameter_layers(self) -> dict[str, int]:
        """Number the depth of every parameter, 0 nearest to the image, as timm counts layers."""
        if not hasattr(self.model, "group_matcher"):
            stages = self.parameter_stages()
            return {name: stages[name] for name, _ in self.named_parameters()}
        layers = group_parameters(self.model, self.model.group_matcher(coarse=False), reverse=True)
        return {f"model.{name}": int(layer) for name, layer in layers.items()}

    def no_weight_decay(self) -> set[str]:
        """Name what timm keeps from weight decay, such as positions and class tokens."""
        kept: set[str] = getattr(self.model, "no_weight_decay", set)()
        return {f"model.{name}" for name in kept}

    def prune(self, stage: int) -> None:
        """Drop everything after a stage; pruning to the last one changes nothing."""
        if not -self.num_stages <= stage < self.num_stages:
            raise ValueError(f"stage must be below {self.num_stages}, but got {stage}.")
        stage %= self.num_stages
        if stage == self.num_stages - 1:
            return
        indices = [self._taps[stage]]
        self.model.prune_intermediate_layers(indices=indices, prune_norm=True, prune_head=True)
        self._taps = self._taps[: stage + 1]
        self.channels, self.spatial = self.channels[: stage + 1], self.spatial[: stage + 1]
        for name, child in list(self.model.named_children()):
            if self._owner[name] > stage and any(True for _ in child.parameters()):
                setattr(self.model, name, nn.Identity())

    def after(self, stage: int) -> Self:
        """Return a backbone that reads the map of a stage in place of the image, and shares all later modules.

        Models that do something between their modules, such as adding positions, compute something else then.
        """
        earlier = [module for modules in self.stage_modules()[: stage + 1] for module in modules]
        rest: Self = with_children(self, {"model": without(self.model, earlier)})
        return rest

    def _dry_run(self, image: Tensor, name: str) -> list[Tensor]:
        """Compute every stage of an empty image, so that a size that does not fit is found before training."""
        self.eval()
        try:
            with torch.enable_grad():  # whose graph tells what each stage was computed from
                return self.forward(image, range(len(self._taps) + 1))
        except (RuntimeError, AssertionError, ValueError, IndexError) as error:
            shape = "x".join(map(str, image.shape[1:]))
            own = own_size(name)
            remedies = [f"Set data.image_size={own}"] if image.shape[-1] != own else []
            remedies += ["bring images of 3 channels"] if image.shape[1] != 3 else []
            remedy = ", ".join([*remedies, "or choose another model"]) if remedies else "Choose another model"
            raise UserError(
                f"model.name={name} must take images of {shape}, but does not ({first_line(error)}). {remedy}."
            ) from error
        finally:
            self.train()

    def _pooled(self, final: Tensor) -> Tensor:
        features: Tensor = self.model.forward_head(final, pre_logits=True)
        return features


def _taps(model: Any) -> tuple[list[int], list[str]]:
    """Choose timm's feature maps that become stages; give the module that ends each, too.

    The deepest map is left out where it is as wide as the classifier's input: it differs by pooling alone.
    """
    if not hasattr(model, "forward_intermediates") or not hasattr(model, "feature_info"):
        return [], []
    info = list(model.feature_info)
    taps: list[int] = []
    reached = 0
    for tap, entry in enumerate(info):
        position = end_position(model, entry["module"]) if entry["module"] else -1
        if position > reached:  # else a side branch, or an output that no module gives
            taps.append(tap)
            reached = position
    if len(taps) > STAGES_OF_COLUMNS and len({entry["reduction"] for entry in info}) == 1:
        taps = [
            taps[round((part + 1) * len(taps) / STAGES_OF_COLUMNS) - 1] for part in range(STAGES_OF_COLUMNS)
        ]
    if taps and info[taps[-1]]["num_chs"] == getattr(model, "head_hidden_size", model.num_features):
        taps.pop()
    return taps, [info[tap]["module"] for tap in taps]
