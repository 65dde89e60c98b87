import re

from groundwork.report.glossary import glossary, glossary_page
from groundwork.report.number import settled
from groundwork.report.words import label, written


def test_values_are_written_as_people_do() -> None:
    assert [written(one) for one in (False, 1234, 1000.0, 0.03125, "head")] == [
        "no", "1,234", "1,000", "0.031", "head",
    ]  # fmt: skip
    assert label("refit") == "solved again on train and val"
    assert label("scikit-learn") == "scikit-learn"


def test_what_rounding_left_is_nothing_unless_it_has_units() -> None:
    assert settled("r2", 3.7e-17) == 0.0
    assert settled("r2", 0.37) == 0.37
    assert settled("rmse", 3.7e-17) == 3.7e-17
    assert settled("r2", None) is None


def test_the_glossary_explains_the_words_of_the_report_in_at_most_a_screen() -> None:
    assert {
        "corrected",
        "sealed",
        "stage",
        "penalty",
        "ledger",
        "fold",
        "scenario",
        "beaten",
    } <= glossary().keys()
    assert len(glossary_page().splitlines()) <= 32
    assert all(meaning.endswith(".") and not re.search(r"\n", meaning) for meaning in glossary().values())
