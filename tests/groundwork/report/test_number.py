import pytest

from groundwork.report.number import interval_of, show, show_interval, show_seconds, whether_pays


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (0.87654, "0.877"), (0, "0.000"), (-1.5, "-1.500"), (10, "10.00"), (123.456, "123.5"), (1234.6, "1,235"),
        (0.0001, "0.00010"), (-7.86e-4, "-0.00079"), (9.9e-5, "9.90e-05"),
            (1e9, "1.00e+09"), (None, "undefined"), (float("nan"), "undefined"),
        (float("inf"), "undefined"), ({"value": None, "low": None, "high": None}, "undefined"),
    ],
)  # fmt: skip
def test_a_number_is_written_in_about_four_places(entry: object, text: str) -> None:
    assert show(entry) == text


def test_an_interval_follows_its_value() -> None:
    assert show_interval({"value": 0.9, "low": 0.85, "high": 0.95}) == "0.900 [0.850, 0.950]"
    assert show_interval({"value": 0.9, "low": None, "high": None}) == "0.900"
    assert interval_of(0.9) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (59.97, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")]
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert show_seconds(seconds) == text


def verdict(word: str) -> dict[str, object]:
    return {"verdict": word, "metric": "rmse", "low": -2.0, "high": 1.0}


@pytest.mark.parametrize(
    ("boosting", "linear", "text"),
    [
        (
            "better",
            "better",
            "The network pays here: it beats gradient boosting (-2.000 to 1.000) and linear",
        ),
        (
            "undecided",
            "better",
            "Whether the network pays is undecided: it cannot be told from gradient boosting",
        ),
        (
            "worse",
            "undecided",
            "The network does not pay here: gradient boosting (-2.000 to 1.000) is better",
        ),
        (
            "worse",
            "worse",
            "The network does not pay here: gradient boosting (-2.000 to 1.000) and "
            "linear (-2.000 to 1.000) are better",
        ),
    ],
)
def test_one_sentence_says_whether_a_network_pays(boosting: str, linear: str, text: str) -> None:
    verdicts = {"mean": verdict("better"), "linear": verdict(linear), "gradient_boosting": verdict(boosting)}
    said = whether_pays({"verdicts": verdicts, "n": {"val": 66}})
    assert said.startswith(text)
    assert "rmse on the same 66 rows of val" in said
    assert "serve=gradient_boosting" not in said
    kept = whether_pays({"verdicts": verdicts, "n": {"val": 66}, "boosting": {}})
    assert ("predict.py serve=gradient_boosting" in kept) == (boosting == "worse")


def test_images_are_not_asked_whether_a_network_pays() -> None:
    assert whether_pays({"verdicts": {"linear": verdict("better")}}) == ""
    assert whether_pays({}) == ""
