import pandas as pd
import pytest
from pandas import Series

from groundwork.data.formats.cells import cell_texts, label_texts, value_type


@pytest.mark.parametrize(
    ("column", "cells", "labels"),
    [
        (
            Series([1.0, 0.1 + 0.2, None]),
            ["1.0", "0.30000000000000004", None],
            ["1", "0.30000000000000004", None],
        ),
        (Series([1e16, float("inf")]), ["1e+16", "inf"], ["10000000000000000", "inf"]),
        (Series([0.1], dtype="float32"), ["0.10000000149011612"], ["0.10000000149011612"]),
        (Series([2**62, None], dtype="Int64"), [str(2**62), None], [str(2**62), None]),
        (Series([True, None], dtype="boolean"), ["True", None], ["True", None]),
        (Series(["2.0", None, ""], dtype="str"), ["2.0", None, ""], ["2.0", None, ""]),
        (Series([2.0, None], dtype="category"), ["2.0", None], ["2", None]),
        (Series(["2.0"], dtype="category"), ["2.0"], ["2.0"]),
    ],
)
def test_cells_are_written_exactly_and_labels_alike_in_any_column(column, cells, labels):
    assert cell_texts(column) == cells
    assert label_texts(column) == labels


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_moment_has_one_text_in_any_unit(unit: str):
    moments = Series(
        pd.to_datetime(["2024-02-29", "2024-02-29T12:30:01", None], format="ISO8601")
    ).dt.as_unit(unit)
    assert cell_texts(moments) == ["2024-02-29", "2024-02-29T12:30:01", None]
    zoned = moments.dt.tz_localize("Europe/Paris")
    assert cell_texts(zoned)[1] == "2024-02-29T11:30:01+00:00"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1], "whole"),
        ([1.5], "decimal"),
        ([True], "boolean"),
        (["a"], "text"),
        (pd.to_datetime(["2024-01-01"]), "date"),
    ],
)
def test_the_type_of_categories_is_that_of_their_values(values, kind):
    assert value_type(Series(values)) == value_type(Series(values).astype("category")) == kind
