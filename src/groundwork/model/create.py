"""A name -> a model of timm, without weights, and the size of image that it was made for."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import timm
from torch import nn

from groundwork.core.errors import UserError, first_line


def create(name: str, options: dict[str, Any]) -> nn.Module:
    """Build a model without weights and without its classifier."""
    try:
        model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, **options)
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        reason = first_line(error)
        given = ", ".join(f"{key}={value}" for key, value in options.items() if key != "pretrained_cfg")
        raise UserError(
            f"model.name={name} must accept {given}, but {reason}. Change one of them."
        ) from error
    return model


def own_size(name: str, weights: Mapping[str, Any] | None = None) -> int:
    """Return the pixels per side that a model was made for, as its weights of a hub say, or timm."""
    registered = timm.get_pretrained_cfg(name)
    size = (weights or {}).get("input_size") or (registered.input_size if registered else (224,))
    return int(size[-1])


def check_name(name: str) -> None:
    """Refuse a name that timm does not know.

    Raises:
        UserError: With the nearest name.
    """
    if not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), n=1, cutoff=0.4)
        remedy = f"Did you mean {near[0]}?" if near else "See timm.list_models()."
        raise UserError(f"model.name must be a model of timm, but got {name}. {remedy}")


def model_options(
    name: str, in_chans: int, image_size: int, drop_path: float, weights: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Collect what timm is asked for, of a name that it knows; `weights` as a hub describes them."""
    check_name(name)
    options: dict[str, Any] = {"in_chans": in_chans}
    registered = timm.get_pretrained_cfg(name)
    fixed = registered.fixed_input_size if registered else False
    if (weights or {}).get("fixed_input_size", fixed):
        options["img_size"] = image_size
    if drop_path:
        options["drop_path_rate"] = drop_path
    return options
