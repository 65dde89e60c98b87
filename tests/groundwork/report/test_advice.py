"""The page of an advice: the square of size and similarity, what decided, what it cost, and what was not tried."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from groundwork.report.advice import next_step, write_advice

ADVICE: dict[str, Any] = {
    "scenario": "large_similar",
    "changes": ["transfer.frozen=4"],
    "metric": "accuracy",
    "direction": "max",
    "scores": {"small_similar": 0.80, "small_different": 0.82},
    "size": "large",
    "similarity": "different",
    "why": ["<training> gained 0.05"],
    "not_tried": ["not tried, since dear"],
    "race": [{"name": "transfer=large_similar transfer.frozen=4", "score": 0.87, "share": 1.0, "seconds": 95.0}],
    "differences": [
        {"name": "small_different", "against": "small_similar", "difference": 0.02, "error": 0.011},
        {"name": "transfer=large_similar transfer.frozen=4", "against": "the frozen head",
         "difference": 0.05, "error": 0.017},
    ],
    "prices": [{"name": "transfer=large_different", "seconds": 185.0}],
    "reason": "a whole run may take half of transfer.budget, which is 5 min",
    "seconds": {"frozen": 4.0, "race": 96.0},
    "budget": 5.0,
    "overrides": ["data=image_folder", "data.root=my birds"],
    "evidence": {
        "num_samples": 1200,
        "perfect": 1.0,
        "error_by_stage": [0.3, 0.18, 0.2],
        "stages": [1],
        "curve": [[300, 0.3], [600, 0.22], [1200, 0.18]],
        "more": {"rows": 1200, "gain": 0.03, "low": 0.01, "high": 0.04},
        "samples_per_output": 600.0,
        "similarity": -0.1,
    },
}  # fmt: skip


def page_of(folder: Path, advice: dict[str, Any]) -> str:
    (folder / "advice.json").write_text(json.dumps(advice), encoding="utf-8")
    return write_advice(folder).read_text(encoding="utf-8")


def words_of(page: str) -> str:
    """Leave the tags out."""
    return re.sub(
        r"\s+", " ", re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]*>", " ", page, flags=re.S)
    )


def test_the_page_says_what_to_take_why_and_what_it_cost(tmp_path: Path):
    page = page_of(tmp_path, ADVICE)
    text = words_of(page)
    assert "Take large_similar with transfer.frozen=4" in text
    command = "uv run scripts/train.py data=image_folder &#39;data.root=my birds&#39; transfer=large_"
    assert f"<code>{command}similar transfer.frozen=4</code>" in page
    assert f"3 min 05 s</td><td><code>{command}different</code>" in page
    assert "accuracy of it, val 0.870" in text
    assert "+0.020 ± 0.011 to small_similar" in text
    assert "+0.050 ± 0.017 to the frozen head" in text
    assert (
        "+0.030 of accuracy for the frozen head, by its learning curve; 95 % interval +0.010 to +0.040"
        in text
    )
    assert "1 min 40 s 4.0 s features and heads, 1 min 36 s the race; transfer.budget=5 min" in text
    assert "&lt;training&gt; gained" in page
    assert "such as all images of a patient (<code>data.group</code>)" in page
    assert {path.suffix for path in (tmp_path / "figures").iterdir()} == {".png", ".pdf", ".csv"}


def test_one_quarter_of_the_square_is_taken(tmp_path: Path):
    page = page_of(tmp_path, ADVICE)
    (taken,) = re.findall(r'<td class="taken"><b>(\w+)</b>', page)
    assert taken == "large_similar"
    text = words_of(page)
    assert "not tried: about 3 min 05 s here" in text
    assert "That alone would name large_different" in text


def test_adapters_are_advised_without_a_quarter_of_their_own(tmp_path: Path):
    raced = [{"name": "transfer=lora", "score": 0.9, "share": 1.0, "seconds": 50.0}]
    page = page_of(tmp_path, {**ADVICE, "scenario": "lora", "changes": [], "race": raced})
    assert '<td class="taken">' not in page
    text = words_of(page)
    assert "Take lora That is: low-rank adapters" in text
    assert "lora did better in the race" in text
    assert "accuracy of it, val 0.900" in text


@pytest.mark.parametrize("more", [None, {"rows": 9, "gain": 0.3, "low": -0.1, "high": 0.4}])
def test_a_frozen_head_for_a_metric_to_minimize(tmp_path: Path, more: dict[str, float] | None):
    frozen = {
        "scenario": "small_different",
        "changes": [],
        "race": [],
        "size": "small",
        "direction": "min",
        "budget": None,
    }
    page = page_of(
        tmp_path, {**ADVICE, **frozen, "prices": [], "evidence": {**ADVICE["evidence"], "more": more}}
    )
    text = words_of(page)
    assert "no limit was set" in text
    assert "That alone" not in text
    assert "Not tried" not in text
    assert ("-0.300 of accuracy" in text) == (more is not None)
    assert more is None or "95 % interval -0.400 to +0.100" in text  # less of it is better


def test_the_next_command_is_one_that_a_shell_reads():
    assert next_step({**ADVICE, "changes": []}) == (
        "uv run scripts/train.py data=image_folder 'data.root=my birds' transfer=large_similar"
    )
