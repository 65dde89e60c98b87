"""Files of a run folder are read within bounds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundwork.core.errors import UserError
from groundwork.report.bounded import read_json, read_yaml


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [x, x]\nb: [*a, *a]", "by reference"), ("a: " + "[" * 5000 + "]" * 5000, "nest"),
        ("#" * 1_000_001, "at most"), ("a: !!python/object/apply:os.system ['true']", "whole"), ("a: [", "whole"),
        ("[1, 2]", "keys and values"), ("\x00", "whole"), ("? [1, {a: 2}]\n: 3", "whole"),
    ],
)  # fmt: skip
def test_yaml_beyond_the_bounds_is_refused(tmp_path: Path, text: str, reason: str):
    refuses(read_yaml, tmp_path / "config.yaml", text.encode(), reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[1]", "keys and values"), (b'{"a": ', "whole"), (b'{"a": ' + b"[" * 200_000, "whole"),
        (b'{"a": "\xff"}', "UTF-8"),
    ],
)  # fmt: skip
def test_json_that_is_damaged_is_refused(tmp_path: Path, content: bytes, reason: str):
    refuses(read_json, tmp_path / "result.json", content, reason)


def test_plain_values_are_read(tmp_path: Path):
    (tmp_path / "config.yaml").write_text("seed: 3\nname: null\n", encoding="utf-8")
    assert read_yaml(tmp_path / "config.yaml") == {"seed": 3, "name": None}


def refuses(read: Callable[[Path], Any], path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError, match=reason) as refused:
        read(path)
    assert "\n" not in str(refused.value)
