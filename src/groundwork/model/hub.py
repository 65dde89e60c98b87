"""`hf-hub:owner/name` or `local-dir:/folder` -> a model of timm, its arguments, its weights and their licence."""

from pathlib import Path
from typing import Any

import timm
import yaml

from groundwork.core.errors import UserError, first_line
from groundwork.core.patches import timm_hub
from groundwork.core.timm_names import FOLDER, HUB


def read_hub(name: str) -> dict[str, Any]:
    """Read `config.json` and the card of a repository, or of a folder in its layout.

    Returns:
        In plain types, which the checkpoints of a run hold, so that they need neither from then on: `architecture` and
        `args` of timm, `weights` (timm's pretrained_cfg), and `license`, None where nothing states it.

    Raises:
        UserError: If it can't be reached or read.
    """
    place = name.removeprefix(HUB).removeprefix(FOLDER)
    if name.startswith(FOLDER) and not Path(place).is_absolute():
        raise UserError(
            f"model.name={name} must name a folder by its absolute path. Write {FOLDER}{Path(place).resolve()}."
        )
    hub = timm_hub()
    read = hub.load_model_config_from_path if name.startswith(FOLDER) else hub.load_model_config_from_hf
    try:
        weights, architecture, args = read(place)
    except Exception as error:  # the hub's, the network's and json's errors share no base class
        raise UserError(
            f"model.name={name} must reach a config.json in timm's layout, but {first_line(error)[:160]}. Check the "
            f"name; without a network use {FOLDER}/FOLDER, which holds config.json and model.safetensors."
        ) from error
    plain: dict[str, Any] = yaml.safe_load(
        yaml.safe_dump({"args": _lists(args or {}), "weights": _lists(weights)})
    )
    plain["args"].pop("num_classes", None)  # the head is new; `weights` has the number, too
    stated = _of_card(name, place) or weights.get("license")
    return {"architecture": architecture, "license": stated, **plain}


def stated_license(name: str) -> str | None:
    """Give the licence of the weights of a name of timm, as timm states it; None where it does not."""
    weights = timm.get_pretrained_cfg(name)
    return None if weights is None else weights.license


def hub_options(hub: dict[str, Any]) -> dict[str, Any]:
    """Give the arguments of timm.create_model beside the architecture and what follows from the data."""
    return {**hub["args"], "pretrained_cfg": {**hub["weights"]}}


def _of_card(name: str, place: str) -> str | None:
    """Read the licence that the head of README.md states."""
    try:
        card = (
            Path(place, "README.md")
            if name.startswith(FOLDER)
            else Path(timm_hub().download_from_hf(place, "README.md"))
        )
        head = card.read_text(encoding="utf-8").split("---")[1]
        stated = yaml.safe_load(head)
        return str(stated.get("license_name") or stated["license"])
    except Exception:  # no card, no network, or no such head: nothing is stated
        return None


def _lists(value: Any) -> Any:
    """Turn tuples into lists, which every plain format knows."""
    if isinstance(value, dict):
        return {str(key): _lists(each) for key, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, list | tuple) else value
