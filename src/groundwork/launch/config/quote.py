"""Overrides as typed -> overrides in Hydra's grammar that say the same."""

import re

from groundwork.core.errors import UserError
from groundwork.core.paths import quote_path
from groundwork.core.quote import quote_values
from groundwork.launch.config.searchpath import SEARCHPATH, absolute_searchpath

# Keys whose values are text whatever they look like: a column may be called 2.5, 2020_01, true or a=b.
TEXT_KEYS = frozenset(
    f"data.{key}"
    for key in ("target", "inputs", "drop", "categorical", "group", "id_column", "image_column", "split_column",
                "order_column", "positive_class", "classes", "decimal", "thousands", "missing_values")
)  # fmt: skip
INTERPOLATION = re.compile(r"\$\{[A-Za-z_]+[.:][^{}]*\}")
COLUMN_CHOICES = "missing.columns"
PLAIN_NAME = re.compile(r"(?!(?i:true|false|null|nan|inf)$)[A-Za-z_][A-Za-z0-9_]*")


def quote_override(override: str, *, sweeps: bool = False) -> str:
    """Quote paths and names of columns, which hold what is grammar to Hydra, and make search paths absolute.

    Args:
        override: As typed.
        sweeps: Whether commas outside of quotes part the values of a sweep.
    """
    if override.startswith(f"{SEARCHPATH}="):
        return absolute_searchpath(override)
    key, equals, value = override.partition("=")
    if equals and key.lstrip("+") in TEXT_KEYS:
        if INTERPOLATION.fullmatch(value):
            return override
        if "${" in value:
            raise UserError(
                f"{key} must not contain ${{, but got {value!r}: ${{...}} means the value of another key. Rename "
                "the column."
            )
        return f"{key}={quote_values(value, PLAIN_NAME, lists=True, sweeps=sweeps)}"
    if equals and key.startswith(COLUMN_CHOICES):
        return f"++{override}"  # a column is no key that conf/ could know
    return quote_path(override, sweeps=sweeps)
