import pytest

from groundwork.core.errors import UserError
from groundwork.data.formats.style import Style, parse_number


@pytest.mark.parametrize(
    ("cell", "point", "comma"),
    [
        ("$1,234", 1234, 1.234),
        ("1.234", 1.234, 1234),
        ("1,234.5", 1234.5, None),
        ("1.234,5", None, 1234.5),
        ("1 234,5", None, 1234.5),
        ("1\u202f234\u202f567", 1234567, 1234567),
        ("1'234.50", 1234.5, None),
        ("12,34,567", 1234567, None),
        ("0,272", None, 0.272),
        ("(1,234.5)", -1234.5, None),
        ("12-", -12, -12),
        ("\u22125", -5, -5),
        ("-$5.5", -5.5, None),
        ("65.3%", 65.3, None),
        ("12,5 m²", None, 12.5),
        ("EUR 5", 5, 5),
        ("1,5e3", None, 1500),
        (".5", 0.5, None),
    ],
)
def test_a_number_is_read_under_each_decimal_sign(cell, point, comma):
    for sign, value in ((".", point), (",", comma)):
        found = parse_number(cell, Style(sign))
        assert (None if found is None else float(found.text)) == value


@pytest.mark.parametrize(
    "cell",
    ["007", "12:30", "1.2.2024", "2024-02-29", "20-30", "5+", "(5", "5)", "A5", "1 2", "1_000", "٣", "-", ""],
)
def test_what_is_no_number_stays_text(cell):
    assert [parse_number(cell, Style(sign)) for sign in ".,"] == [None, None]


def test_a_sign_between_thousands_may_be_refused_or_named():
    assert parse_number("1,234", Style(".", None)) is None
    assert parse_number("1'234", Style(".", ",")) is None
    assert parse_number("1'234", Style(".", "'")).text == "1234"
    assert Style(thousands=".").decimal == ","


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"decimal": ";"}, "data.decimal must be"),
        ({"thousands": "abc"}, "data.thousands must be one character"),
        ({"decimal": ",", "thousands": ","}, "must differ from data.decimal"),
    ],
)
def test_a_style_that_contradicts_itself_is_refused(given, message):
    with pytest.raises(UserError, match=message):
        Style(**given)
