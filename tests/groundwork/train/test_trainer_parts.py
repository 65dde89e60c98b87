"""What Lightning is given to train a phase."""

import os

import pytest
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import EMAWeightAveraging, LambdaCallback
from torch import nn

from groundwork.core.ranks import world_size
from groundwork.model import ClassificationHead, FeatureBackbone, Network, StagePool
from groundwork.train.trainer import STEP_HOOKS, StandingRanks, _precision, pass_over_empty_hooks


def test_ranks_are_as_many_in_the_second_phase_as_in_the_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    StandingRanks().teardown()
    assert world_size() == 2
    assert os.environ["WORLD_SIZE"] == "2"


@pytest.mark.parametrize(
    ("name", "expected"), [("bf16-mixed", "32-true"), ("auto", "32-true"), ("16-mixed", "32-true")]
)
def test_a_head_on_cached_features_trains_in_float32_unless_more_is_asked(name: str, expected: str):
    network = Network(
        nn.Identity(), FeatureBackbone(4), StagePool((0,), ("mean",)), ClassificationHead(4, 2, 0.0)
    )
    assert _precision(name, [network]) == expected


def test_rows_of_a_table_train_in_what_was_chosen_by_hand():
    network = Network(nn.Identity(), nn.Linear(4, 2), StagePool((0,), ("mean",)), nn.Identity())
    assert _precision("bf16-mixed", [network]) == "bf16-mixed"


class Watch(Callback):
    """Look before each step of the optimizer."""

    def on_before_optimizer_step(self, *_: object) -> None:
        """Look."""


def test_hooks_that_a_callback_defines_are_kept_and_only_empty_ones_passed_over():
    own, average, empty = Watch(), EMAWeightAveraging(), Callback()
    pass_over_empty_hooks([own, average, empty])
    for callback, kept in (
        (own, {"on_before_optimizer_step"}),
        (average, {"on_train_batch_end"}),
        (empty, set()),
    ):
        assert {name for name in STEP_HOOKS if callable(getattr(callback, name))} == kept
    given = LambdaCallback(on_train_batch_end=print)  # defined by the object, not by its class
    pass_over_empty_hooks([given])
    assert given.on_train_batch_end is print
    # Hooks that run once, and other callbacks, are as Lightning made them.
    assert callable(own.on_train_start)
    assert callable(Watch().on_train_batch_start)
    assert set(STEP_HOOKS) <= set(dir(Callback))
