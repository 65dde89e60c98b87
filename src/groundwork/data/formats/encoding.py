"""Bytes of a text file -> the same text in UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path

from groundwork.core.errors import UserError

BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # Excel's "Unicode text"


def utf8_bytes(path: Path) -> bytes | None:
    """Recode a file that says by its first bytes that it is UTF-16; None where it is to be read as it is."""
    with path.open("rb") as file:
        mark = file.read(2)
    if mark not in BYTE_ORDER_MARKS:
        return None
    try:
        return path.read_bytes().decode(BYTE_ORDER_MARKS[mark]).encode()
    except UnicodeError:
        raise not_utf8(path) from None


def not_utf8(path: Path) -> UserError:
    """Name the first byte that is not UTF-8."""
    data = path.read_bytes()
    try:
        data.decode("utf-8")
        where = ""
    except UnicodeDecodeError as error:
        where = f" (byte 0x{data[error.start]:02x} in line {data[: error.start].count(10) + 1})"
    return UserError(
        f"{path} must be UTF-8, but is not{where}. Save it as UTF-8, in a spreadsheet as 'CSV UTF-8'."
    )
