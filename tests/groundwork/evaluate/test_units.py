"""Rows to predict are read in the units of training, or what differs is refused or said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame

from groundwork.core.errors import UserError
from groundwork.data import Missing, Normalize, fit_columns, read_table
from groundwork.evaluate.inputs import _encode

KEYS = ("inputs", "drop", "categorical", "id_column", "group", "split_column", "order_column", "query")
DAYS = pd.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d").tolist()
TRAIN = DataFrame({"d": DAYS, "w": [f"${n},234.50" for n in range(1, 31)], "n": np.arange(30) / 7, "y": 1.5})


def encode(tmp_path: Path, **changed):
    TRAIN.to_csv(tmp_path / "train.csv", index=False)
    samples = read_table(str(tmp_path / "train.csv"), "y", **{**dict.fromkeys(KEYS), "trust_pickle": False})
    missing = Missing("median", True, "slot", "error", 0.0, "missing", {})
    columns = fit_columns(samples.inputs, samples.categorical, missing, Normalize("auto"))
    data = {"columns": columns.state(), "decimal": dict(samples.decimal), "units": dict(samples.units)}
    data["moments"] = dict(samples.moments)
    encoded, notes = _encode(TRAIN.assign(**changed).astype({"w": "str"}), data, {}, "new.csv", averages=True)
    return encoded, notes


def test_the_rows_of_training_are_read_as_they_were(tmp_path: Path):
    dates = pd.to_datetime(TRAIN["d"])
    encoded, notes = encode(tmp_path, d=dates)
    assert encoded[:3, 0].tolist() == [19723.0, 19724.0, 19725.0]
    assert encoded[0, 1] == 1234.5
    assert not any("in training" in note for note in notes)


def test_dates_that_a_format_holds_as_text_are_dates(tmp_path: Path):
    dates, notes = encode(tmp_path, d=pd.to_datetime(TRAIN["d"]))
    texts, said = encode(tmp_path, d=TRAIN["d"].astype("str"))
    np.testing.assert_array_equal(texts, dates)
    assert notes == said


def test_a_table_with_decimal_commas_gives_the_same_rows(tmp_path: Path):
    cells = [f"${n}.234,50" for n in range(1, 31)]
    encoded, notes = encode(tmp_path, w=cells)
    np.testing.assert_array_equal(encoded, encode(tmp_path)[0])
    assert 'column \'w\' went by "." as decimal sign in training, and goes by "," here' in notes


@pytest.mark.parametrize("cells", [20240101, 19723.0])
def test_numbers_are_no_dates(tmp_path: Path, cells):
    with pytest.raises(UserError, match=r"column d must hold dates, as in training, but holds .*2024-02-29"):
        encode(tmp_path, d=cells)


def test_dates_are_no_numbers(tmp_path: Path):
    with pytest.raises(UserError, match="column n must hold numbers, as in training, but holds 2024-01-01"):
        encode(tmp_path, d=pd.to_datetime(TRAIN["d"]), n=pd.to_datetime(TRAIN["d"]))


@pytest.mark.parametrize(
    ("cell", "said"), [("\u00a31,234.50", "in \u00a3"), ("12.5%", "in %"), ("1,234.50", "without a unit")]
)
def test_another_unit_is_said(tmp_path: Path, cell, said):
    _, notes = encode(tmp_path, d=pd.to_datetime(TRAIN["d"]), w=cell)
    assert (
        f"column 'w' held numbers in $ in training, and holds numbers {said} here: taken as they are" in notes
    )


def test_the_cell_that_is_no_number_is_named(tmp_path: Path):
    cells = TRAIN["n"].round(3).astype("str").tolist()
    cells[3] = "abc"
    with pytest.raises(UserError, match="column n must hold numbers, as in training, but holds 'abc'"):
        encode(tmp_path, d=pd.to_datetime(TRAIN["d"]), n=pd.Series(cells, dtype="str"))
    with pytest.raises(UserError, match=r"column d must hold dates, as in training, but holds '01.02.2024'"):
        encode(tmp_path, d=pd.Series(["01.02.2024"] * 30, dtype="str"))
