"""Files that anyone may have written -> their content, within bounds that no file of ours exceeds."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from groundwork.core.errors import UserError, innermost

if TYPE_CHECKING:
    from pandas import DataFrame

MAX_YAML_BYTES = 1_000_000
MAX_JSON_BYTES = 100_000_000
MAX_TABLE_BYTES = 4_000_000_000
MAX_DEPTH = 30  # of lists and mappings in each other
# OmegaConf 2.3 keeps this to itself; beside YAML's own numbers it knows 1e-3, which YAML 1.1 takes for text.
FLOAT = r"""[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)
    |\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*
    |[-+]?\.(?:inf|Inf|INF)
    |\.(?:nan|NaN|NAN)"""


class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the fast one, if built
    """Read plain values exactly as OmegaConf does: 1e-3 is a number, a date is text, a key is given once."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping, in which no text is a key twice."""
        keys = [
            key.value for key, _ in node.value if key.tag == yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG
        ]
        if repeated := [key for key, count in Counter(keys).items() if count > 1]:
            raise ValueError(f"the key {repeated[0]!r} is given more than once")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


class PlainDumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Write plain values as OmegaConf and `PlainLoader` read them: a text such as 1e-3 is in quotes."""


_NUMBERS = "tag:yaml.org,2002:float", re.compile(rf"(?:{FLOAT})\Z", re.VERBOSE), list("-+0123456789.")
PlainLoader.add_implicit_resolver(*_NUMBERS)
PlainDumper.add_implicit_resolver(*_NUMBERS)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a small YAML file of keys and plain values; its size, its nesting and its repetitions are bounded.

    Raises:
        UserError: If it is damaged, or not one of ours.
    """
    check_size(path, MAX_YAML_BYTES)
    try:
        text = path.read_text(encoding="utf-8")
        depth = 0
        for event in yaml.parse(text, PlainLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("it repeats parts by reference")  # a few lines may stand for gigabytes
        content = yaml.load(text, PlainLoader)
    except Exception as error:  # a damaged file can raise anything at all
        raise UserError(
            f"{path} must be plain YAML, but: {' '.join(str(error).split())}. Restore it."
        ) from error
    return as_mapping(content, path)


def to_yaml(content: dict[str, Any]) -> str:
    """Write keys and plain values as text, in their order."""
    text: str = yaml.dump(content, Dumper=PlainDumper, sort_keys=False, allow_unicode=True)
    return text


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        UserError: If it is damaged, or too large to be one of ours.
    """
    check_size(path, MAX_JSON_BYTES)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} must be JSON, but {' '.join(str(error).split())}. Restore it.") from error
    return as_mapping(content, path)


def read_table(path: Path, read: Callable[[Path], Any]) -> "DataFrame":
    """Read one table of a run folder.

    Args:
        path: Of the file.
        read: How, such as `pandas.read_parquet`.

    Raises:
        UserError: If it is missing, damaged or larger than any of ours.
    """
    if not path.exists():
        raise UserError(f"{path} must be there, but is not. Restore it, or repeat the run.")
    check_size(path, MAX_TABLE_BYTES)
    try:
        table: DataFrame = read(path)
    except Exception as error:  # a damaged file can raise anything at all
        raise UserError(f"{path} must be a complete table, but: {innermost(error)}. Restore it.") from error
    return table


def read_texts(path: Path) -> "DataFrame":
    """Read a csv file of a run folder, or one like those, with every cell as text; see `read_table`."""
    from pandas import read_csv  # whoever reads YAML alone does not wait for it

    return read_table(path, lambda file: read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8"))


def check_size(path: Path, most: int) -> None:
    """Refuse a file that is larger than any of ours, or a device or pipe, which has no end."""
    if not path.is_file():
        raise UserError(f"{path} must be a regular file, but is not. Restore it.")
    size = path.stat().st_size
    if size > most:
        raise UserError(f"{path} must have at most {most:,} bytes, but has {size:,}. Restore it.")


def as_mapping(content: Any, path: Path) -> dict[str, Any]:
    """Refuse content that is not one mapping."""
    if not isinstance(content, dict):
        raise UserError(f"{path} must hold keys and values. Restore it.")
    return content
