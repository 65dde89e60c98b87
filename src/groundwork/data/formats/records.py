"""json and jsonl files <-> tables: one object per row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pandas import DataFrame, Series

from groundwork.core.errors import UserError
from groundwork.data.formats.cells import cell_texts, value_type
from groundwork.data.formats.infer import read_dates
from groundwork.data.formats.tidy import check_names, tidy


def read_json(path: Path) -> DataFrame:
    """Read a list of objects, one per row, or one object of lists, one per column."""
    content = _parse(_text(path), str(path))
    if isinstance(content, dict) and content and all(isinstance(cells, list) for cells in content.values()):
        if len({len(cells) for cells in content.values()}) > 1:
            raise UserError(f"{path}: lists of columns must be equally long, but are not. Mend the file.")
        return _from_columns(content, path)
    if not isinstance(content, list):
        raise UserError(
            f"{path} must hold a list of objects, one per row, but holds {type(content).__name__}. "
            "Write it with pandas' to_json(orient='records')."
        )
    return _from_rows(content, path)


def read_jsonl(path: Path) -> DataFrame:
    """Read one object per line."""
    lines = [line for line in _text(path).split("\n") if line.strip()]
    rows = [_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, 1)]
    return _from_rows(rows, path)


def write_json(frame: DataFrame, path: Path) -> None:
    """Write a list of objects, one line each."""
    lines = ",\n".join(_row_lines(frame))
    path.write_text(f"[\n{lines}\n]\n" if lines else "[]\n", encoding="utf-8", newline="\n")


def write_jsonl(frame: DataFrame, path: Path) -> None:
    """Write one object per line."""
    path.write_text("".join(f"{line}\n" for line in _row_lines(frame)), encoding="utf-8", newline="\n")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} must be UTF-8, but byte {error.start} is not. Save it as UTF-8.") from None


def _parse(text: str, where: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise UserError(f"{where}: names of columns must differ, but {twice!r} comes twice. Rename one.")
        return row

    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{where} must be JSON, but {error or 'is nested too deeply'}. Mend the file."
        ) from None


def _from_rows(rows: list[Any], path: Path) -> DataFrame:
    """Line the objects up; a name that an object lacks is a missing value."""
    names: dict[str, None] = {}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UserError(
                f"{path} must hold one object per row, but row {number} is {json.dumps(row)[:40]}. Mend it."
            )
        names.update(dict.fromkeys(row))
    return _from_columns({name: [row.get(name) for row in rows] for name in names}, path)


def _from_columns(columns: dict[str, list[Any]], path: Path) -> DataFrame:
    check_names(list(columns), str(path))
    frame = DataFrame({name: Series(cells, dtype=object) for name, cells in columns.items()})
    return read_dates(tidy(frame, str(path)))


def _row_lines(frame: DataFrame) -> Iterable[str]:
    names = [json.dumps(str(name), ensure_ascii=False) for name in frame.columns]
    columns = [_json_texts(column) for _, column in frame.items()]
    for cells in zip(*columns, strict=True):
        yield "{" + ", ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True)) + "}"


def _json_texts(column: Series) -> list[str]:
    """Write each cell as JSON; numbers exactly, an infinite one as Python's own json writes it."""
    texts, kind = cell_texts(column), value_type(column)
    if kind == "boolean":
        return ["null" if text is None else text.lower() for text in texts]
    if kind in ("whole", "decimal"):
        return ["null" if text is None else text.replace("inf", "Infinity") for text in texts]
    return [json.dumps(text, ensure_ascii=False) for text in texts]
