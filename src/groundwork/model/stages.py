"""Names of modules -> the stage that each belongs to, from the points where stages end; and a model without some."""

from collections.abc import Collection, Mapping, Sequence

from torch import Tensor, nn

from groundwork.core.patches import with_children


def module_stages(model: nn.Module, ends: Sequence[str]) -> dict[str, int]:
    """Number the stage of every module, in order of definition.

    A stage holds all modules after the previous end up to its own, which covers activations and pooling
    between blocks; what follows the last end is stage len(ends). The model itself, with the parameters that
    hang on no submodule (class token, positions), belongs to stage 0, where they enter.

    Args:
        model: Defines its modules in the order in which they run, as timm's models do.
        ends: Name of the module whose output is the map of stage 0, 1, ...
    """
    last = [end_position(model, end) for end in ends]
    return {name: sum(place > end for end in last) for place, (name, _) in enumerate(model.named_modules())}


def end_position(model: nn.Module, end: str) -> int:
    """Find the last module inside `end`, in order of definition; -1 where there is no such module."""
    names = [name for name, _ in model.named_modules()]
    return max((place for place, name in enumerate(names) if f"{name}.".startswith(f"{end}.")), default=-1)


def tensor_stages(model: nn.Module, owner: Mapping[str, int]) -> dict[str, int]:
    """Number the stage of every parameter and buffer: that of the module that owns it, or that it was put on later."""
    names = [name for name, _ in model.named_parameters()] + [name for name, _ in model.named_buffers()]
    return {name: owner[_known(name.rpartition(".")[0], owner)] for name in names}


def _known(module: str, owner: Mapping[str, int]) -> str:
    while module not in owner:
        module = module.rpartition(".")[0]
    return module


def honest_stages(model: nn.Module, owner: Mapping[str, int], maps: Sequence[Tensor]) -> list[int]:
    """Name the stages whose map needs no parameter of a later stage, so that the model may end there.

    Models that mix all resolutions to their end, such as HRNet, give every map there, whatever its name says.

    Args:
        maps: The map of stage 0, 1, ..., computed with its graph.
    """
    stage_of = tensor_stages(model, owner)
    stages = {id(value): stage_of[name] for name, value in model.named_parameters()}
    return [stage for stage, one in enumerate(maps) if _deepest(one, stages) <= stage]


def _deepest(value: Tensor, stages: Mapping[int, int]) -> int:
    """Find the deepest stage of the parameters that a tensor was computed from."""
    waiting, seen, deepest = [value.grad_fn], set(), 0
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        deepest = max(deepest, stages.get(id(getattr(node, "variable", None)), 0))
        waiting += [before for before, _ in node.next_functions]
    return deepest


def modules_by_stage(model: nn.Module, owner: Mapping[str, int], num_stages: int) -> list[list[nn.Module]]:
    """Collect for each stage the largest modules that lie wholly inside it."""
    spanned: dict[str, set[int]] = {name: set() for name in owner}
    for name, stage in owner.items():
        parts = name.split(".") if name else []
        for depth in range(len(parts) + 1):
            spanned[".".join(parts[:depth])].add(stage)
    stages: list[list[nn.Module]] = [[] for _ in range(num_stages)]
    for name, module in model.named_modules():
        if name not in owner:  # part of an adapter
            continue
        parent = name.rpartition(".")[0]
        whole = name and len(spanned[name]) == 1 and (len(spanned[parent]) > 1 or not parent)
        if whole and owner[name] < num_stages:
            stages[owner[name]].append(module)
    return stages


def without(module: nn.Module, gone: Collection[nn.Module]) -> nn.Module:
    """Return a module that passes on its inputs where the given parts were.

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
    rest: nn.Module = with_children(module, kept)
    return rest
