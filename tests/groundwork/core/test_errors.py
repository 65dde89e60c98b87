"""What an error says fits into one line."""

from groundwork.core.errors import first_line, innermost, one_line


def test_what_an_error_says_is_told_in_one_line_and_cut():
    error = ValueError("bad\n  number:   7")
    assert one_line(error) == "bad number: 7"
    assert one_line(error, 10) == "bad number"
    assert first_line(error) == "bad"


def test_an_error_that_says_nothing_is_named():
    assert one_line(KeyError()) == ""
    assert first_line(KeyError()) == "KeyError"
    assert innermost(KeyError()) == "KeyError"


def test_the_innermost_error_is_the_cause_of_the_others():
    outer = RuntimeError("outer")
    outer.__cause__ = ValueError("in\nside")
    assert innermost(outer) == "ValueError: in side"
