"""The journal of what was logged."""

import math
from pathlib import Path

from groundwork.track.journal import Journal


def test_numbers_are_kept_in_order_until_they_are_forgotten_and_half_a_line_is_left_out(tmp_path: Path):
    journal = Journal(tmp_path / "new" / "journal.jsonl")
    assert list(journal.rows()) == []
    journal.add({"val/loss": 0.1, "epoch": 1, "image": object()}, 7)
    journal.add({"image": object()}, 8)
    journal.add({"val/loss": float("nan")}, None)
    with journal.path.open("a") as file:
        file.write('\n[9, {"val')
    journal.add({"val/loss": 0.3}, 11)  # of the process that went on
    first, second, third = journal.rows()
    assert third == ({"val/loss": 0.3}, 11)
    assert first == ({"val/loss": 0.1, "epoch": 1.0}, 7)
    assert second[1] is None
    assert math.isnan(second[0]["val/loss"])
    journal.clear()
    journal.clear()
    assert list(Journal(journal.path).rows()) == []
