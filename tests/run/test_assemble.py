"""What Lightning is given to train a phase."""

import os

import pytest

from groundwork.run.assemble import StandingRanks
from groundwork.run.process.ranks import world_size


def test_ranks_are_as_many_in_the_second_phase_as_in_the_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    StandingRanks().teardown()
    assert world_size() == 2
    assert os.environ["WORLD_SIZE"] == "2"
