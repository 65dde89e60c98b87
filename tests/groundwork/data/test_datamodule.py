"""Batches of a data module, and a training that stops anywhere and goes on as if it had not."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from numpy.typing import NDArray
from torch import Tensor, nn

from groundwork.core.batch import Batch
from groundwork.data.batches import TableSource
from groundwork.data.datamodule import GroundworkDataModule
from groundwork.data.order import Order

NUM_SAMPLES = 30


def module(balance: object = None, **change: object) -> GroundworkDataModule:
    inputs = np.random.default_rng(0).normal(size=(NUM_SAMPLES, 4))
    settings: dict[str, object] = {
        "source": TableSource(inputs),
        "target": np.arange(NUM_SAMPLES) % 3,
        "rows": {"train": np.arange(0, 23), "val": np.arange(23, 30)},
        "batch_size": 4,
        "order": Order(0),
        "balance": balance,
    }
    return GroundworkDataModule(**{**settings, **change})  # type: ignore[arg-type]


def test_an_epoch_visits_each_training_row_once_in_an_order_of_its_own() -> None:
    loader = module().train_dataloader()
    first, second = (torch.cat([batch.index for batch in loader]) for _ in range(2))
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(23))
    assert first.tolist() != second.tolist()
    assert len(loader) == 6


def test_a_batch_holds_the_inputs_and_target_of_its_rows() -> None:
    data = module()
    batch = next(iter(data.train_dataloader()))
    assert isinstance(batch, Batch)
    assert batch.inputs.dtype == torch.float64
    assert torch.equal(batch.inputs, data.source.array[batch.index])  # type: ignore[attr-defined]
    assert torch.equal(batch.target, batch.index % 3)
    assert batch.mask is None
    assert batch.weight is None


def test_validation_goes_through_its_rows_in_order() -> None:
    batches = list(module().val_dataloader())
    assert [row for batch in batches for row in batch.index.tolist()] == list(range(23, 30))


def test_a_split_that_was_not_handed_over_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        module().ordered("test")
    with pytest.raises(MisconfigurationException, match="test_dataloader"):
        module().test_dataloader()
    assert module(rows={"train": np.arange(5)}).val_dataloader() == []


class Twice:
    """Visit every row twice, plus one that the epoch chooses."""

    def rows(self, target: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
        return np.concatenate([np.arange(len(target)), np.arange(len(target)), [epoch]])


def test_balance_resamples_the_training_rows_of_each_epoch() -> None:
    loader = module(Twice(), rows={"train": np.arange(10, 20)}).train_dataloader()
    for epoch in range(2):
        counts = np.bincount(torch.cat([batch.index for batch in loader]), minlength=20)[10:]
        assert counts.tolist() == [3 if row == epoch else 2 for row in range(10)]


class Tiny(LightningModule):
    """A model whose weights remember which batches it saw, and in which order."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
        self.seen: list[list[int]] = []
        self.validated: list[int] = []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        self.seen.append(batch.index.tolist())
        return nn.functional.cross_entropy(self.network(batch.inputs.float()), batch.target)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.log("val/loss", self.network(batch.inputs.float()).mean(), batch_size=len(batch.index))

    def on_validation_epoch_end(self) -> None:
        self.validated.append(self.global_step)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


class SaveAndStop(Callback):
    """Save at the end of a chosen step, or in the validation after it, and let nothing more happen."""

    def __init__(self, step: int, where: str, path: Path):
        self.step, self.where, self.path = step, where, path

    def _save(self, trainer: Trainer, where: str) -> None:
        if where == self.where and trainer.global_step == self.step and not trainer.sanity_checking:
            trainer.save_checkpoint(self.path)
            raise KeyboardInterrupt

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        self._save(trainer, "batch")

    def on_validation_end(self, trainer: Trainer, *_: object) -> None:
        self._save(trainer, "validation")

    def on_train_epoch_end(self, trainer: Trainer, *_: object) -> None:
        self._save(trainer, "epoch")


def fit(callbacks: list[Callback], path: Path | None, **options: object) -> Tiny:
    torch.manual_seed(0)
    model = Tiny()
    settings: dict[str, object] = {"max_epochs": 2, "val_check_interval": 2}
    trainer = Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        **{**settings, **options},  # type: ignore[arg-type]
    )
    with warnings.catch_warnings():
        # Lightning recommends DataLoader workers to any loader; there is none here.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # Lightning 2.6.6 reads a name that torch 2.15 is about to drop.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        trainer.fit(model, datamodule=module(), ckpt_path=path, weights_only=False)
    return model


STOPS = {
    "": ("batch 3", "batch 6", "validation 4", "validation 6", "epoch 6", "batch 8"),
    "limit_train_batches": ("batch 4", "epoch 4", "validation 6"),
    "accumulate_grad_batches": ("batch 2",),
}


@pytest.mark.parametrize(
    "options", [{}, {"limit_train_batches": 4}, {"accumulate_grad_batches": 2}], ids=lambda x: str(x)
)
def test_a_run_stopped_anywhere_ends_with_the_weights_of_one_that_was_not(
    tmp_path: Path, options: dict[str, int]
) -> None:
    whole = fit([], None, **options)
    for stop in STOPS[next(iter(options), "")]:
        where, step = stop.split()
        path = tmp_path / f"{where}-{step}.ckpt"
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            fit([SaveAndStop(int(step), where, path)], None, **options)
        after = fit([], path, **options)
        state = torch.load(path, weights_only=True)["GroundworkDataModule"]
        done = state["epoch"] * options.get("limit_train_batches", 6) + state["batch"]
        assert after.seen == whole.seen[done:], stop
        for name, value in whole.state_dict().items():
            assert torch.equal(after.state_dict()[name], value), (stop, name)


def test_the_position_is_kept_as_plain_whole_numbers_and_restored_inside_an_epoch() -> None:
    whole, part = module(), module()
    epochs = [[batch.index.tolist() for batch in whole.train_dataloader()] for _ in range(2)]
    loader = iter(part.train_dataloader())
    for _ in range(2):
        next(loader)
    assert part.state_dict() == {"epoch": 0, "batch": 2}
    resumed = module()
    resumed.load_state_dict(part.state_dict())
    again = resumed.train_dataloader()
    assert [batch.index.tolist() for batch in again] == epochs[0][2:]
    assert [batch.index.tolist() for batch in again] == epochs[1]
