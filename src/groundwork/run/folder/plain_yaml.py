"""A small YAML file of plain values, written by whoever -> its content, within bounds."""

from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader  # reads 1e-3 as a number, as Hydra does

from groundwork.batch import UserError

MAX_BYTES = 1_000_000
MAX_DEPTH = 30  # of lists and mappings in each other


def read_yaml(path: Path) -> Any:
    """Read a small file of plain values; its size, its nesting and its repetitions are bounded.

    Raises:
        UserError: If it is damaged, or none of ours.
    """
    check_size(path, MAX_BYTES)
    try:
        text = path.read_text(encoding="utf-8")
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("it repeats parts by reference")  # a few lines may stand for gigabytes
        return yaml.load(text, get_yaml_loader())
    except Exception as error:  # a damaged file can raise anything at all
        first = " ".join(str(error).split())
        raise UserError(f"{path} must be plain YAML, but: {first}. Restore it.") from error


def check_size(path: Path, most: int) -> None:
    """Refuse a file that is larger than any of ours, or a device or pipe, which has no end."""
    if not path.is_file():
        raise UserError(f"{path} must be a file, but is none. Restore it.")
    size = path.stat().st_size
    if size > most:
        raise UserError(f"{path} must have at most {most:,} bytes, but has {size:,}. Restore it.")
