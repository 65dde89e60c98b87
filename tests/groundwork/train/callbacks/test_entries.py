"""Entries of the group `callbacks` are built with what the run knows, and nothing that means something else."""

import pytest
from lightning.pytorch.callbacks import BatchSizeFinder, EarlyStopping, LearningRateFinder
from omegaconf import OmegaConf

from groundwork.core.directions import direction_of_own
from groundwork.core.errors import UserError
from groundwork.train.callbacks.entries import build_entry

PLACE = "lightning.pytorch.callbacks"
RUN = {"monitor": "val/rmse", "mode": "min"}


def direction(name: str) -> str:
    return direction_of_own(name, None)


@pytest.mark.parametrize("kind", [LearningRateFinder, BatchSizeFinder])
def test_a_mode_that_is_not_of_a_monitor_stays_the_default_of_its_class(kind: type):
    built = build_entry(OmegaConf.create({"_target_": f"{PLACE}.{kind.__name__}"}), RUN, direction)
    assert built._mode == kind()._mode  # type: ignore[attr-defined]


def test_a_callback_without_a_monitor_gets_that_of_the_run():
    built = build_entry(OmegaConf.create({"_target_": f"{PLACE}.EarlyStopping"}), RUN, direction)
    assert isinstance(built, EarlyStopping)
    assert (built.monitor, built.mode) == ("val/rmse", "min")


def test_a_monitor_that_nobody_knows_needs_a_mode_and_goes_by_it():
    node = OmegaConf.create({"_target_": f"{PLACE}.EarlyStopping", "monitor": "weight_norm"})
    with pytest.raises(
        UserError, match=r"EarlyStopping with monitor=weight_norm .* Add mode=max or mode=min"
    ):
        build_entry(node, RUN, direction)
    built = build_entry(OmegaConf.create({**node, "mode": "max"}), RUN, direction)
    assert isinstance(built, EarlyStopping)
    assert (built.monitor, built.mode) == ("weight_norm", "max")
