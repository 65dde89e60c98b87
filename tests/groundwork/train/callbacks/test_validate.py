"""The last epoch of a phase is validated, however rarely the others are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundwork import Run, UserError, fit


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    """Give a function that trains on 57 rows for three epochs, by the words beside."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80)})
    frame.assign(y=frame.a * 2).to_csv(tmp_path / "rows.csv", index=False)
    own = [
        "data=table", f"data.table={tmp_path / 'rows.csv'}", "data.target=y", "task=regression", "model=mlp",
        "model.hidden=[4]", "data.batch_size=16", "trainer=cpu", "trainer.max_epochs=3", "metrics.resamples=2",
        "report.write=false", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip
    return lambda *words: fit([*own, *words], quiet=True)


@pytest.mark.parametrize(("every", "epochs"), [(5, [3]), (2, [2, 3]), (3, [3])])
def test_a_phase_shorter_than_the_epochs_between_validations_has_a_best_epoch(
    run: Callable[..., Run], every: int, epochs: list[int]
):
    done = run(f"trainer.check_val_every_n_epoch={every}")
    assert done.history.epoch.tolist() == epochs
    assert done.result["best_epoch"] in epochs


def test_accumulation_by_epoch_trains_and_says_what_the_rate_does(run: Callable[..., Run]):
    entry = "{_target_: lightning.pytorch.callbacks.GradientAccumulationScheduler, scheduling: {0: 2, 1: 4}}"
    done = run(f"+callbacks.sums={entry}", "callbacks.finite.every=1")
    assert done.history.step.tolist() == [2, 3, 4]  # four batches an epoch
    assert "callbacks.sums makes the steps fewer" in done.folder.log.read_text(encoding="utf-8")
    assert done.config.callbacks.sums.scheduling == {0: 2, 1: 4}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["trainer.val_check_interval=100"],
            "trainer.val_check_interval=100 is more than an epoch has batches",
        ),
        (
            ["+callbacks.stop={_target_: lightning.pytorch.callbacks.EarlyStopping, monitor: a, mode: min}"],
            "Lightning: Early stopping conditioned on metric `a` which is not available",
        ),
    ],
)
def test_what_lightning_refuses_of_a_configuration_is_one_line(
    run: Callable[..., Run], words: list[str], said: str
):
    with pytest.raises(UserError, match=said) as error:
        run(*words)
    assert "\n" not in str(error.value)
