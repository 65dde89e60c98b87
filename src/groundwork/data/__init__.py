"""disk -> samples -> split -> batches."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundwork.data.readers.image_folder import read_image_folder, read_images
    from groundwork.data.readers.image_table import read_image_table
    from groundwork.data.readers.solar_cells import read_solar_cells
    from groundwork.data.readers.table import read_table
    from groundwork.data.samples import Samples
    from groundwork.data.target import Target

# Where each public name lives. It is imported when it is first asked for, so that a command that
# only shows its help, or refuses its arguments, waits for neither torch nor pandas.
_HOME = {
    "Samples": "samples",
    "Target": "target",
    "read_image_folder": "readers.image_folder",
    "read_image_table": "readers.image_table",
    "read_images": "readers.image_folder",
    "read_solar_cells": "readers.solar_cells",
    "read_table": "readers.table",
}

__all__ = [
    "Samples",
    "Target",
    "read_image_folder",
    "read_image_table",
    "read_images",
    "read_solar_cells",
    "read_table",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
