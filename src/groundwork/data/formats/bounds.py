"""How large a table may be: a small file can stand for more than any machine holds."""

from __future__ import annotations

import zipfile

from groundwork.core.errors import UserError

MAX_CELLS = 200_000_000
MAX_UNPACKED_BYTES = 4_000_000_000  # of a workbook, which is a compressed archive


def check_cells(num_rows: int, num_columns: int, where: str) -> None:
    """Refuse a table before more of it is read than fits into the memory of a usual machine."""
    if num_rows * num_columns > MAX_CELLS:
        raise UserError(
            f"{where} must have at most {MAX_CELLS:,} cells, but has {num_rows:,} rows of {num_columns:,} columns. "
            f"Take a part of it, or fewer columns."
        )


def check_unpacked(archive: zipfile.ZipFile, where: str) -> None:
    """Refuse an archive before it is unpacked into more than `MAX_UNPACKED_BYTES`."""
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise UserError(
            f"{where} must unpack to at most {MAX_UNPACKED_BYTES:,} bytes, but claims {unpacked:,}. Convert it to "
            f"parquet where it was made."
        )
