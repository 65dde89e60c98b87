import os
import pickle
from pathlib import Path

import pandas as pd
import pytest

from groundwork.core.errors import UserError
from groundwork.data.formats.pickled import read_pickle, write_pickle


class Bomb:
    """A pickle that makes a folder when it is read."""

    def __init__(self, folder: str):
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.folder,)


def test_a_pickle_is_not_even_opened_without_trust(tmp_path: Path):
    trap = tmp_path / "trap"
    (tmp_path / "t.pkl").write_bytes(pickle.dumps(Bomb(str(trap))))
    with pytest.raises(UserError, match=r"runs any code .* parquet .* trust_pickle=true"):
        read_pickle(tmp_path / "t.pkl", trust_pickle=False)
    assert not trap.exists()


def test_a_trusted_table_comes_back(tmp_path: Path):
    frame = pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", None])})
    write_pickle(frame, tmp_path / "t.pkl")
    pd.testing.assert_frame_equal(read_pickle(tmp_path / "t.pkl", trust_pickle=True), frame)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"junk", "complete pickle"), (pickle.dumps([1]), "holds list"), (b"", "complete pickle")],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path: Path, data: bytes, message: str):
    (tmp_path / "t.pkl").write_bytes(data)
    with pytest.raises(UserError, match=message) as caught:
        read_pickle(tmp_path / "t.pkl", trust_pickle=True)
    assert "\n" not in str(caught.value)
