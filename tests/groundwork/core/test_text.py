"""Many names fit into one line."""

import numpy as np
import pandas as pd

from groundwork.core.text import quoted, shortlist


def test_a_few_names_are_all_there():
    assert shortlist([], 3) == ""
    assert shortlist(["a"], 3) == "a"
    assert shortlist(("a", 2, None), 3) == "a, 2, None"


def test_of_many_the_first_are_named_and_the_others_counted():
    assert shortlist("abcde", 2) == "a, b and 3 more"
    assert shortlist((f"{n}" for n in range(1240)), 2, between="; ") == "0; 1 and 1,238 more"


def test_text_is_quoted_and_numbers_are_not():
    assert quoted(["hot dog", "a, b"]) == "'hot dog', 'a, b'"
    assert quoted([1, 2.5, "c", "d", "e"]) == "1, 2.5, 'c' and 2 more"
    assert quoted(["a", "b"], 1) == "'a' and 1 more"


def test_names_may_come_in_any_container():
    assert quoted(np.array(["a", "b"])) == "'a', 'b'"
    assert quoted(np.arange(4) + 1) == "1, 2, 3 and 1 more"
    assert quoted(pd.Index(["x", "y"])) == quoted(pd.Series(["x", "y"], dtype="str")) == "'x', 'y'"
    assert shortlist(np.array(["a", "b"]), 2) == "a, b"
