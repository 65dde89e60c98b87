from collections.abc import Callable

import numpy as np
import pytest
import torch
from lightning import Trainer

from groundwork.task import RegressionTask

from .conftest import VALUES, Batches, options, regressor

EVERY = list(range(40))


def test_the_loss_is_scaled_and_predictions_are_in_original_units(trainer: Callable[..., Trainer]) -> None:
    judge = RegressionTask(**options(regressor()))
    trainer().validate(judge, Batches(VALUES, 16, EVERY), verbose=False)
    outputs = judge.last_outputs
    assert outputs.loss == pytest.approx(1.0, rel=1e-4)
    np.testing.assert_allclose(outputs.prediction, np.tile(VALUES.mean(0), (40, 1)), rtol=1e-5)
    np.testing.assert_array_equal(outputs.target, VALUES)


def test_training_fits_several_targets_of_different_scale(trainer: Callable[..., Trainer]) -> None:
    judge = RegressionTask(**options(regressor(), metrics=lambda prediction, target: {"mean": 0.0}))
    loader = Batches(VALUES, 8, EVERY)
    trainer(40).fit(judge, loader, loader)
    residual = (judge.last_outputs.prediction - VALUES.numpy()) ** 2
    assert (1 - residual.mean(axis=0) / VALUES.numpy().var(axis=0) > 0.8).all()


def test_missing_targets_are_masked_in_training_and_kept_in_outputs(trainer: Callable[..., Trainer]) -> None:
    gaps = VALUES.clone()
    gaps[::2, 1] = torch.nan
    judge = RegressionTask(**options(regressor()))
    loader = Batches(gaps, 8, EVERY)
    trainer(2).fit(judge, loader, loader)
    assert np.isfinite(judge.last_outputs.loss)
    assert np.isfinite(judge.last_outputs.prediction).all()
    assert np.isnan(judge.last_outputs.target).sum() == 20
    assert all(torch.isfinite(parameter).all() for parameter in judge.parameters())
