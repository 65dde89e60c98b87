"""What tasks share: whole-split metrics, the training loss, penalties, keys of augmentation, resume."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Callback, LightningModule, Trainer
from torch import nn

from groundwork.loss import CrossEntropy, Penalty
from groundwork.task import ClassificationTask

from .conftest import CLASSES, ROWS, Batches, classifier, options

EVERY = list(range(40))


def task(**changed: Any) -> ClassificationTask:
    return ClassificationTask(**options(classifier(), **changed))


class Recorder(Callback):
    """Keep the values of every validation."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.rows.append({name: float(value) for name, value in trainer.callback_metrics.items()})


@pytest.mark.parametrize("batch_size", [1, 7, 40])
def test_metrics_see_the_whole_split_once_in_order(trainer: Callable[..., Trainer], batch_size: int) -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    judge = task(metrics=lambda prediction, target: seen.append((prediction, target)) or {"mean": 1.0})
    nn.init.normal_(judge.network.head.linear.weight, generator=torch.Generator().manual_seed(1))
    order = [(7 * number) % 40 for number in EVERY]
    trainer().validate(judge, Batches(CLASSES, batch_size, order), verbose=False)
    ((prediction, target),) = seen
    assert target.tolist() == CLASSES.tolist()
    assert judge.last_outputs.index.tolist() == EVERY
    with torch.no_grad():
        logits = judge.network.eval()(ROWS)
    np.testing.assert_allclose(prediction, logits.softmax(1), rtol=1e-5)
    expected = nn.functional.cross_entropy(logits, CLASSES)
    assert judge.last_outputs.loss == pytest.approx(float(expected), rel=1e-5)


def test_padding_does_not_count(trainer: Callable[..., Trainer]) -> None:
    judge = task()
    padded = Batches(CLASSES, 8, [*EVERY, 0, 1, 2, 3], masked=(40, 41, 42, 43))
    trainer().validate(judge, padded, verbose=False)
    assert judge.last_outputs.index.tolist() == EVERY


def test_the_first_losses_are_log_k_and_training_lowers_them(trainer: Callable[..., Trainer]) -> None:
    recorder = Recorder()
    trainer(20, [recorder]).fit(task(), Batches(CLASSES, 8, EVERY), Batches(CLASSES, 16, EVERY))
    assert recorder.rows[0]["train/loss"] == pytest.approx(np.log(3), abs=0.15)
    assert recorder.rows[-1]["val/loss"] < 0.6 < recorder.rows[0]["val/loss"]
    assert len(recorder.rows) == 20


def test_the_training_loss_is_the_mean_over_samples_since_the_last_validation(
    trainer: Callable[..., Trainer],
) -> None:
    recorder, steps = Recorder(), []

    class Steps(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
            steps.append((float(outputs["loss"]), len(batch.index)))

    fit = trainer(2, [Steps(), recorder], val_check_interval=2, check_val_every_n_epoch=None)
    fit.fit(task(), Batches(CLASSES, 16, EVERY), Batches(CLASSES, 16, EVERY))
    assert [size for _, size in steps] == [16, 16, 8] * 2
    for row, pair in zip(recorder.rows, ((0, 1), (2, 3), (4, 5)), strict=True):
        losses, sizes = zip(*(steps[place] for place in pair), strict=True)
        assert row["train/loss"] == pytest.approx(np.average(losses, weights=sizes), rel=1e-5)


def test_the_penalty_joins_the_objective_and_not_the_reported_loss(trainer: Callable[..., Trainer]) -> None:
    net = classifier()
    nn.init.ones_(net.head.linear.weight)
    judge = ClassificationTask(**options(net, penalty=Penalty(0.5, 0.0, 0.0, "head", net)))
    batch = next(iter(Batches(CLASSES, 40, EVERY)))
    plain = CrossEntropy(0.0)(net(batch.inputs), CLASSES).mean()
    torch.testing.assert_close(judge.training_step(batch, 0), plain + 0.5 * 24)


def test_weights_of_samples_reach_the_loss() -> None:
    judge = task()
    batch = next(iter(Batches(CLASSES, 40, EVERY)))
    weighted = type(batch)(batch.inputs, batch.target, batch.index, weight=torch.full((40,), 3.0))
    torch.testing.assert_close(judge.training_step(weighted, 0), 3 * judge.training_step(batch, 0))


def test_keys_depend_on_seed_epoch_and_sample_alone(trainer: Callable[..., Trainer]) -> None:
    class Augment(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.keys: list[int] = []

        def forward(self, inputs: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
            self.keys += key.tolist()
            return inputs

    drawn = {}
    for name, seed, batch_size in (("one", 0, 8), ("other batches", 0, 40), ("other seed", 1, 8)):
        augment = Augment()
        loader = Batches(CLASSES, batch_size, EVERY)
        trainer(2).fit(task(augment=augment, seed=seed), loader, loader)
        assert len(set(augment.keys)) == 80
        drawn[name] = augment.keys
    assert drawn["one"] == drawn["other batches"]
    assert not set(drawn["one"]) & set(drawn["other seed"])


def test_a_validation_is_not_augmented(trainer: Callable[..., Trainer]) -> None:
    class Refuse(nn.Module):
        def forward(self, inputs: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
            raise AssertionError

    trainer().validate(task(augment=Refuse()), Batches(CLASSES, 8, EVERY), verbose=False)


@pytest.mark.parametrize("stop", [3, 7])
def test_a_resumed_run_ends_like_one_without_a_break(
    trainer: Callable[..., Trainer], tmp_path: Path, stop: int
) -> None:
    train, val = Batches(CLASSES, 8, EVERY), Batches(CLASSES, 16, EVERY)
    whole, rows = task(), Recorder()
    trainer(3, [rows]).fit(whole, train, val)

    class Save(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
            if trainer.global_step == stop:
                trainer.save_checkpoint(tmp_path / "last.ckpt")

    trainer(3, [Save()]).fit(task(), train, val)

    class Rest(Batches):
        """Go on where the epoch stopped, as the data module's loader does."""

        first = stop % len(train)

        def __iter__(self):
            skip, self.first = self.first, 0
            yield from list(super().__iter__())[skip:]

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    resumed, later = task(), Recorder()
    trainer(3, [later]).fit(
        resumed, Rest(CLASSES, 8, EVERY), val, ckpt_path=tmp_path / "last.ckpt", weights_only=True
    )
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    assert later.rows == rows.rows[-len(later.rows) :]


def test_frozen_stages_stay_in_a_whole_fit(trainer: Callable[..., Trainer]) -> None:
    judge = task()
    judge.network.freeze(2)
    before = {name: value.clone() for name, value in judge.network.state_dict().items()}
    trainer(2).fit(judge, Batches(CLASSES, 8, EVERY), Batches(CLASSES, 16, EVERY))
    changed = {
        name for name, value in judge.network.state_dict().items() if not torch.equal(before[name], value)
    }
    assert changed == {"head.linear.weight", "head.linear.bias"}


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_clipped_by_their_norm_in_every_precision(
    trainer: Callable[..., Trainer], precision: str
) -> None:
    norms: list[float] = []

    class Norm(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
            norms.append(float(torch.nn.utils.get_total_norm([p.grad for p in pl_module.parameters()])))

    fit = trainer(1, [Norm()], precision=precision, gradient_clip_val=0.01)
    fit.fit(task(), Batches(CLASSES, 8, EVERY), Batches(CLASSES, 16, EVERY))
    assert norms == pytest.approx([0.01] * 5, rel=1e-3)
