"""A loss or gradient that is no finite number ends the run by name, or is left out by choice."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch

from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.task import RegressionTask
from groundwork.train.callbacks.finite import CheckFinite, not_finite

NAMES = pd.Series([f"row {number}" for number in range(20)])


def take_step(
    check: CheckFinite, number: int, loss: float, gradient: float, *earlier: float
) -> torch.nn.Parameter:
    """Let a check see one step of one weight, as Lightning does; `earlier` are losses of the batches before."""
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.tensor([gradient])
    trainer: Any = SimpleNamespace(
        current_epoch=1, global_step=number, precision_plugin=SimpleNamespace(scaler=None)
    )
    module: Any = None
    batch = SimpleNamespace(index=torch.tensor([number, number + 1]))
    trainer.fit_loop = SimpleNamespace(_should_accumulate=lambda: True)
    for each in earlier:
        check.on_train_batch_end(trainer, module, {"loss": torch.tensor(each)}, batch, number)
    trainer.fit_loop = SimpleNamespace(_should_accumulate=lambda: False)
    check.on_before_optimizer_step(trainer, module, torch.optim.SGD([weight]))
    check.on_train_batch_end(trainer, module, {"loss": torch.tensor(loss)}, batch, number)
    return weight


@pytest.mark.parametrize(
    ("loss", "gradient"), [(float("nan"), 1.0), (float("inf"), 1.0), (1.0, float("nan"))]
)
def test_the_first_broken_step_is_named_within_one_look(loss: float, gradient: float):
    check = CheckFinite(4, 0, NAMES)
    take_step(check, 1, 1.0, 1.0)
    take_step(check, 2, loss, gradient)
    take_step(check, 3, float("nan"), 1.0)
    with pytest.raises(FloatingPointError, match=r"epoch 2, step 2 \(samples row 2, row 3, \.\.\.\)"):
        take_step(check, 4, 1.0, 1.0)


def test_a_checkpoint_is_preceded_by_a_look():
    check = CheckFinite(50, 0, NAMES)
    take_step(check, 1, float("nan"), 1.0)
    with pytest.raises(FloatingPointError, match="step 1"):
        check.look()
    check.look()  # each judgment is read once


def test_so_many_broken_steps_are_left_out_by_choice_and_no_more():
    check = CheckFinite(50, 2, NAMES)
    nan = float("nan")
    assert (
        take_step(check, 1, nan, float("inf"), 1.0, nan).grad is None
    )  # as is usual, the loss is broken as well
    assert take_step(check, 2, 1.0, 1.0).grad is not None
    assert take_step(check, 3, 1.0, float("nan")).grad is None
    again = CheckFinite(50, 2, NAMES)
    again.load_state_dict(check.state_dict())
    take_step(again, 4, 1.0, float("nan"))
    with pytest.raises(FloatingPointError, match="step 4"):
        again.look()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_looking_at_gradients_leaves_every_bit(dtype: torch.dtype):
    tiny = torch.finfo(dtype).smallest_normal / 2
    gradients = [torch.tensor([tiny, -0.0, 3.1], dtype=dtype), torch.randn(4, 5, dtype=dtype)]
    before = [each.clone() for each in gradients]
    assert not_finite(gradients).item() == 0
    for each, other in zip(gradients, before, strict=True):
        assert torch.equal(each, other)
        assert torch.equal(torch.signbit(each), torch.signbit(other))
    for broken in (float("nan"), float("inf"), -float("inf")):
        gradients[1][2, 3] = broken
        assert not_finite(gradients).item() == 1


def test_the_mean_of_the_training_loss_begins_anew_without_a_step_that_was_left_out(
    tmp_path: Path, table: Path
):
    words = ["data=table", f"data.table={table}", "data.target=price", "task=regression", "model=mlp"]
    words += [
        "transfer=none",
        "trainer=cpu",
        "execution=plain",
        "trainer.max_epochs=2",
        "metrics.resamples=20",
        "report.write=false",
    ]
    words += [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}", "data.batch_size=16"]
    original, seen = RegressionTask.prepare, [0]

    def break_second(self: RegressionTask, batch: Any) -> Any:
        seen[0] += 1
        inputs, target = original(self, batch)
        return inputs, target * float("nan") if seen[0] == 2 else target

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RegressionTask, "prepare", break_second)
        assert start(compose_run([*words, "callbacks.finite.skip=1"])) == 0
    history = pd.read_csv(RunFolder.find("latest", tmp_path / "runs").history)
    assert history["train/loss"].notna().all()
