"""Files that anyone may have written are read within bounds, and YAML exactly as OmegaConf reads it."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import omegaconf
import pandas as pd
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from groundwork.core.bounded import PlainLoader, read_json, read_table, read_yaml, to_yaml
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder

BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
# What a person or a run may write: numbers and words that YAML 1.1, YAML 1.2 and Hydra tell apart differently.
SCALARS = [
    "1e-3", "1e+20", "1E5", "-1e3", "+1e3", "1.5e3", "1.", "-1.", ".5", "-.5", "+.5", ".5e3", ".5e+3", "._5", "1_0.5",
    "1__0.5", "1_.5", "1e5_0", ".inf", "-.inf", "+.inf", ".nan", "+.nan", "nan", "inf", "1_000", "1_", "_1", "010",
    "08", "0o10", "0x1F", "0b11", "1:30", "1:30.5", "2020-01-01", "2020-01-01 10:00:00", "null", "~", "", "Null",
    "true", "yes", "no", "on", "off", "y", "n", "Yes", "NO", "'1e-3'", '"2020-01-01"', "'yes'", "a: b", "a:b", "#", "-",
    "=", "<<", "${a}", "[1, 1e-3, yes]", "{a: 1e-3, 1: on}", "é", "|\n  1e-3\n",
]  # fmt: skip
KEYS = [
    "a: 1\na: 2",
    "1: a\n1: b",
    "a: {b: 1, b: 2}",
    "a: [{b: 1, b: 1}]",
    "1: a\n'1': b",
    "true: 1\nyes: 2",
    "a: 1\nb: 2",
]

get_yaml_loader = (
    getattr(omegaconf._utils, "get_yaml_loader", None) or omegaconf._yaml.get_yaml_loader
)  # since 2.4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [x, x]\nb: [*a, *a]", "by reference"), (BOMB, "by reference"),
        ("a: " + "[" * 5000 + "]" * 5000, "nest"), ("#" * 1_000_001, "at most"),
        ("a: !!python/object/apply:os.system ['true']", "plain YAML"), ("a: [", "plain YAML"),
        ("[1, 2]", "keys and values"), ("", "keys and values"), ("\x00", "plain YAML"),
        ("? [1, {a: 2}]\n: 3", "plain YAML"), ("a: 1\na: 2", "'a' is given more than once"),
    ],
)  # fmt: skip
def test_yaml_beyond_the_bounds_is_refused(tmp_path: Path, text: str, reason: str):
    refuses(read_yaml, tmp_path / "config.yaml", text.encode(), reason)
    with pytest.raises(UserError, match=reason):
        _ = RunFolder(tmp_path).config


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[1]", "keys and values"), (b'{"a": ', "must be JSON"), (b'{"a": ' + b"[" * 200_000, "must be JSON"),
        (b'{"a": "\xff"}', "utf-8"),
    ],
)  # fmt: skip
def test_json_that_is_damaged_is_refused(tmp_path: Path, content: bytes, reason: str):
    refuses(read_json, tmp_path / "result.json", content, reason)


@pytest.mark.parametrize("read", [read_yaml, read_json, lambda path: read_table(path, pd.read_parquet)])
def test_what_is_no_file_is_refused(tmp_path: Path, read: Callable[[Path], Any]):
    with pytest.raises(UserError, match="must be a regular file"):
        read(tmp_path)


def test_a_table_that_is_absent_or_damaged_is_told(tmp_path: Path):
    with pytest.raises(UserError, match="must be there"):
        read_table(tmp_path / "val.parquet", pd.read_parquet)
    refuses(
        lambda path: read_table(path, pd.read_parquet), tmp_path / "val.parquet", b"PAR1", "complete table"
    )


def test_plain_values_are_read(tmp_path: Path):
    (tmp_path / "config.yaml").write_text("seed: 3\nname: null\nlr: 1e-3\n", encoding="utf-8")
    assert read_yaml(tmp_path / "config.yaml") == {"seed": 3, "name": None, "lr": 0.001}


@pytest.mark.parametrize("text", [*(f"a: {scalar}" for scalar in SCALARS), *KEYS])
def test_a_value_is_what_omegaconf_makes_of_it(text: str):
    assert same(parsed(text, PlainLoader), parsed(text, get_yaml_loader()))


@given(st.text(alphabet="+-.:_0123456789abceEfFiInNoxXyY", max_size=10))
@example("1e-3")
@settings(max_examples=500, deadline=None)
def test_any_word_of_digits_and_signs_is_what_omegaconf_makes_of_it(word: str):
    assert same(parsed(f"a: {word}", PlainLoader), parsed(f"a: {word}", get_yaml_loader()))


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES | st.sampled_from([*SCALARS, "1e3", "a\nb\n"]),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(NAMES, parts, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(NAMES.filter(bool), PLAIN, max_size=4))
@settings(max_examples=200, deadline=None)
def test_what_a_run_writes_is_read_again(tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]):
    path = tmp_path_factory.mktemp("run") / "config.yaml"
    text = to_yaml(OmegaConf.to_container(OmegaConf.create(escaped(content))))
    path.write_text(text, encoding="utf-8")
    read = read_yaml(path)
    assert same(read, yaml.load(text, get_yaml_loader()))
    assert same(read, escaped(content))


def escaped(content: Any) -> Any:
    """Leave out what OmegaConf would compute: a run has computed it before it writes."""
    if isinstance(content, dict):
        return {escaped(key): escaped(value) for key, value in content.items()}
    if isinstance(content, list):
        return [escaped(value) for value in content]
    return content.replace("$", "").replace("?", "") if isinstance(content, str) else content


def parsed(text: str, loader: Any) -> Any:
    try:
        return yaml.load(text, loader)
    except (yaml.YAMLError, ValueError):
        return "refused"


def same(one: Any, other: Any) -> bool:
    """Compare values and their types; NaN is NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(
            same(a, b) for a, b in zip(one.values(), other.values(), strict=True)
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    is_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return type(one) is type(other) and (is_nan or one == other)


def refuses(read: Callable[[Path], Any], path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError, match=reason) as refused:
        read(path)
    assert "\n" not in str(refused.value)
