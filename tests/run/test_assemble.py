"""What Lightning is given to train a phase."""

import os

import pytest
from torch import nn

from groundwork.model import ClassificationHead, FeatureBackbone, Network, StagePool
from groundwork.run.assemble import StandingRanks, _precision
from groundwork.run.process.ranks import world_size


def test_ranks_are_as_many_in_the_second_phase_as_in_the_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    StandingRanks().teardown()
    assert world_size() == 2
    assert os.environ["WORLD_SIZE"] == "2"


@pytest.mark.parametrize(
    ("name", "expected"), [("bf16-mixed", "32-true"), ("auto", "32-true"), ("64-true", "64-true")]
)
def test_a_head_on_cached_features_trains_in_float32_unless_more_is_asked(name: str, expected: str):
    network = Network(
        nn.Identity(), FeatureBackbone(4), StagePool((0,), ("mean",)), ClassificationHead(4, 2, 0.0)
    )
    assert _precision(name, network) == expected


def test_rows_of_a_table_train_in_what_was_chosen_by_hand():
    network = Network(nn.Identity(), nn.Linear(4, 2), StagePool((0,), ("mean",)), nn.Identity())
    assert _precision("bf16-mixed", network) == "bf16-mixed"
