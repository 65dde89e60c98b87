import re

import pytest

from groundwork.core.quote import is_quoted, quote_text, quote_values, split_values

PLAIN = re.compile("[a-z]+")


@pytest.mark.parametrize(
    ("text", "quoted"), [("a b", "'a b'"), ("it's", r"'it\'s'"), ("C:\\", r"'C:\\'"), ('x"y', "'x\"y'")]
)
def test_text_is_quoted_for_hydra(text, quoted):
    assert quote_text(text) == quoted
    assert is_quoted(quoted)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        ("'a,b',c", ["'a,b'", "c"]),
        ("[a,b],[c]", ["[a,b]", "[c]"]),
        ("it's,b", ["it's", "b"]),
        (r"'a\',b',c", [r"'a\',b'", "c"]),
        ("", [""]),
    ],
)
def test_commas_split_outside_of_quotes_and_brackets(text, parts):
    assert split_values(text) == parts


@pytest.mark.parametrize(
    ("value", "sweeps", "quoted"),
    [
        ("2.5", False, "'2.5'"),
        ("x,y", False, "'x,y'"),
        ("x,y", True, "x,y"),
        ("1,'a b',c d", True, "'1','a b','c d'"),
        ("[a, 2.5,'x,y']", False, "[a,'2.5','x,y']"),
        ("[1],[2]", True, "['1'],['2']"),
        ("null", False, "null"),
        ("choice(1,2)", True, "choice(1,2)"),
        ("", False, ""),
    ],
)
def test_values_are_quoted_one_by_one(value, sweeps, quoted):
    assert quote_values(value, PLAIN, lists=True, sweeps=sweeps) == quoted
