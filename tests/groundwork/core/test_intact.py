"""A run folder that is not what a run wrote leads to one line."""

from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.core.intact import intact, read_splits
from groundwork.core.run_folder import RunFolder


def test_an_error_that_a_folder_led_to_is_one_line_that_names_it(tmp_path: Path):
    with pytest.raises(UserError, match=r"run=.* KeyError: 'data'\. Restore") as raised, intact(tmp_path):
        {}["data"]
    assert "\n" not in str(raised.value)


def test_an_error_of_training_and_one_of_ours_pass(tmp_path: Path):
    error = ValueError("shapes differ")
    error.add_note("in phase 1, epoch 1, step 3")
    with pytest.raises(ValueError, match="shapes differ"), intact(tmp_path):
        raise error
    with pytest.raises(UserError, match="mine"), intact(tmp_path):
        raise UserError("mine")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b'sample_id,split\n"x', b"a\nb,c\n"]
)
def test_damaged_splits_are_told(tmp_path: Path, content: bytes):
    (tmp_path / "splits.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"splits\.csv must .*Restore it"):
        read_splits(RunFolder(tmp_path))


def test_a_sample_must_not_be_in_two_splits(tmp_path: Path):
    (tmp_path / "splits.csv").write_text("sample_id,split\na,train\na,test\n", encoding="utf-8")
    with pytest.raises(UserError, match="each sample once"):
        read_splits(RunFolder(tmp_path))
