"""Any module that gives features -> a backbone: one stage, or as many as the module says."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from groundwork.core.errors import UserError, first_line
from groundwork.core.instantiate import takes
from groundwork.core.patches import with_children
from groundwork.model.staged import Staged

CONTRACT = ("channels", "spatial", "num_stages", "stage_modules", "parameter_stages", "prune")


class PlainBackbone(Staged):
    """Hand out what a module computes as stages; their widths are found by one batch of zeros.

    Args:
        module: inputs -> (B, D) or (B, C, H, W). It may have `stages`, modules that run one after the other and make
            up all of it, `mean` and `std` of the images that its weights were trained on, and `no_weight_decay()`.
        inputs: Two samples as the module reads them.
    """

    parts = "stages"

    def __init__(self, module: nn.Module, inputs: Tensor):
        super().__init__()
        name = type(module).__name__
        found = getattr(module, "stages", None)
        parts = list(found) if isinstance(found, nn.ModuleList | nn.Sequential | list | tuple) else [module]
        self.stages = nn.ModuleList(parts)
        self.mean, self.std = getattr(module, "mean", None), getattr(module, "std", None)
        self._kept: Any = getattr(module, "no_weight_decay", set)
        self._names = {id(value): each for each, value in module.named_parameters()}
        module.eval()
        try:
            with torch.no_grad():
                whole, maps = module(inputs), self.forward(inputs, range(len(parts)))
        except Exception as error:  # of whatever kind the module raises
            raise UserError(
                f"{name} must turn inputs {tuple(inputs.shape)} into features, but does not ({first_line(error)}). "
                "Change its forward or its arguments."
            ) from error
        module.train()
        for each in maps:
            if not isinstance(each, Tensor) or each.ndim not in (2, 4) or len(each) != len(inputs):
                shape = tuple(each.shape) if isinstance(each, Tensor) else type(each).__name__
                raise UserError(
                    f"{name} must give features (B, D) or maps (B, C, H, W), but gives {shape} for B = {len(inputs)}. "
                    "Change its forward."
                )
        inside = {id(value) for value in self.parameters()}
        if not torch.equal(whole, maps[-1]) or not inside >= {id(value) for value in module.parameters()}:
            raise UserError(
                f"{name}.stages must make up the whole module, run one after the other, but do not. Complete them."
            )
        self.channels = tuple(each.shape[1] for each in maps)
        self.spatial = tuple(each.ndim == 4 for each in maps)

    def no_weight_decay(self) -> set[str]:
        """Name what the module keeps from weight decay."""
        kept = set(self._kept())
        return {name for name, value in self.named_parameters() if self._names.get(id(value)) in kept}

    def after(self, stage: int) -> Self:
        """Return a backbone that reads the map of a stage in place of the inputs, and shares all later modules."""
        later = [nn.Identity() if place <= stage else each for place, each in enumerate(self.stages)]
        rest: Self = with_children(self, {"stages": nn.ModuleList(later)})
        return rest


def as_backbone(module: Any, inputs: Tensor) -> Any:
    """Give the backbone that a module is: one that names its stages itself as it is, any other wrapped."""
    if all(hasattr(module, name) for name in CONTRACT):
        return module
    return PlainBackbone(module, inputs)


def taken(make: Any, **given: Any) -> dict[str, Any]:
    """Keep of what the engine can tell a module what its class takes."""
    return {key: value for key, value in given.items() if takes(make, key)}
