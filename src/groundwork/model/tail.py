"""A module without some of its parts, which the inputs pass as they are; all other parts are shared."""

from collections.abc import Collection
from copy import copy

from torch import nn


def without(module: nn.Module, gone: Collection[nn.Module]) -> nn.Module:
    """Return a module that does nothing where the given parts were.

    Only the containers around them are copied: training the result trains the original.

    Args:
        module: Left as it is.
        gone: Parts of it, at any depth.
    """
    if any(module is each for each in gone):
        return nn.Identity()
    kept = {name: child and without(child, gone) for name, child in module._modules.items()}
    if all(child is module._modules[name] for name, child in kept.items()):
        return module
    changed = copy(module)
    changed._modules = kept
    return changed
