from typing import Any

import pytest

from groundwork.report.figures.transfer import stages


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"stages": 4, "cut": 1, "frozen": 2, "cached": True}, "Fc Fc T x x"),
        ({"stages": 3, "cut": 2, "frozen": 1, "cached": False}, "F T T T"),
        ({"stages": 3, "cut": "last", "frozen": "all", "cached": True}, "Fc Fc Fc T"),
        ({"stages": 4, "cut": [0, 2], "frozen": 2, "cached": 1}, "Fc F T T x"),
        ({"stages": 2, "cut": None, "frozen": 0, "cached": False}, "T T T"),
        ({"cut": 2, "frozen": 3}, "F F F T"),
        ({"scenario": "none"}, ""),
    ],
)
def test_stages_are_frozen_trained_or_cut(plan: dict[str, Any], expected: str) -> None:
    table = stages(plan)
    letters = {"frozen": "F", "trained": "T", "cut": "x"}
    found = (
        []
        if table.empty
        else [letters[s] + "c" * c for s, c in zip(table["state"], table["cached"], strict=True)]
    )
    assert " ".join(found) == expected


def test_names_of_stages_are_kept_and_the_head_ends_the_network() -> None:
    assert stages({"stages": ["stem", "blocks", "top"], "cut": 1, "frozen": 1})["stage"].tolist() == [
        "stem", "blocks", "head", "top",
    ]  # fmt: skip
