"""A file of plain values from a run folder -> its content; what is larger or deeper than any of ours is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pandas import DataFrame
from yaml import AliasEvent, CollectionEndEvent, CollectionStartEvent, CSafeLoader, YAMLError, load, parse

from groundwork.core.errors import UserError

MAX_CONFIG_BYTES = 1_000_000
MAX_JSON_BYTES = 100_000_000
MAX_DEPTH = 30


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        UserError: If it is damaged, or too large to be one of ours.
    """
    return _mapping(_bounded_text(path, MAX_JSON_BYTES), json.loads, path)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one YAML mapping of plain values.

    Raises:
        UserError: If it is damaged, too large, too deep, or repeats parts by reference.
    """

    def read(text: str) -> Any:
        depth = 0
        for event in parse(text, CSafeLoader):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
            if isinstance(event, AliasEvent):
                raise ValueError("it repeats parts by reference")  # a few lines may stand for gigabytes
        return load(text, CSafeLoader) or {}

    return _mapping(_bounded_text(path, MAX_CONFIG_BYTES), read, path)


def read_whole(path: Path, read: Callable[[Path], DataFrame]) -> DataFrame:
    """Read a table.

    Raises:
        UserError: If it is damaged, or no file.
    """
    try:
        if not path.is_file():
            raise ValueError("it is no file")
        return read(path)
    except Exception as error:  # a damaged file can raise anything at all
        raise UserError(f"{path} must be whole, but {' '.join(str(error).split())}. Restore it.") from error


def _bounded_text(path: Path, most: int) -> str:
    if not path.is_file():  # a pipe or device has no end
        raise UserError(f"{path} must be a file, but is none. Restore it.")
    size = path.stat().st_size
    if size > most:
        raise UserError(f"{path} must have at most {most:,} bytes, but has {size:,}. Restore it.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} must be UTF-8 text, but {error}. Restore it.") from error


def _mapping(text: str, read: Callable[[str], Any], path: Path) -> dict[str, Any]:
    try:
        content = read(text)
    except (ValueError, TypeError, RecursionError, YAMLError) as error:
        raise UserError(f"{path} must be whole, but {' '.join(str(error).split())}. Restore it.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} must hold keys and values. Restore it.")
    return content
