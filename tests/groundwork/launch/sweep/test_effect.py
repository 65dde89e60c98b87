from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.launch.sweep.effect import refuse_without_effect
from groundwork.launch.sweep.sweep import identify


def test_repeats_over_seeds_are_never_refused_and_keys_that_nothing_reads_are(tmp_path: Path):
    def refuse(key: str) -> None:
        words = ["experiment=solar_cells", f"paths.runs={tmp_path}"]  # an exact head on frozen features
        refuse_without_effect(identify([[*words, f"{key}={value}"] for value in (1, 2)]))

    refuse("seed")
    with pytest.raises(UserError, match=r"optim\.lr must have an effect"):
        refuse("optim.lr")
