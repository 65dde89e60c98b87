"""What is said of loaders of the user's before the first step."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.utilities import CombinedLoader
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from groundwork.core.errors import UserError
from groundwork.train.own.loaders import CheckLoaders


class Rows(IterableDataset[Any]):
    """Four numbers, one after the other."""

    def __iter__(self) -> Any:
        return iter(torch.arange(4.0))


class Plain(LightningModule):
    """Counts the batches of val."""

    seen = 0

    def training_step(self, batch: Any, batch_idx: int) -> None:
        return None

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.seen += 1

    def configure_optimizers(self) -> None:
        return None


class Told(Plain):
    """Takes the number of the loader."""

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        self.seen += 1


def loader() -> Any:
    return DataLoader(TensorDataset(torch.arange(4.0)))


def fit(module: Plain, val: Any) -> Plain:
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    trainer = Trainer(max_epochs=1, accelerator="cpu", logger=False, num_sanity_val_steps=0,
                      callbacks=[CheckLoaders(print)], **quiet)  # fmt: skip
    trainer.fit(module, loader(), val)
    return module


@pytest.mark.filterwarnings(
    "ignore:.*does not have many workers", "ignore:.*no optimizer", "ignore:.*returned `None`"
)
def test_several_loaders_of_val_need_a_step_that_tells_them_apart():
    with pytest.raises(UserError, match=r"multiple `val_dataloader`, but no `dataloader_idx` .*Plain"):
        fit(Plain(), [loader(), loader()])
    assert fit(Told(), [loader(), loader()]).seen == 8
    assert fit(Plain(), [loader()]).seen == 4
    assert fit(Plain(), loader()).seen == 4
    assert fit(Plain(), CombinedLoader([loader(), loader()], "max_size")).seen == 4  # both at once


@pytest.mark.parametrize(
    ("train", "devices", "said"),
    [
        ({"a": [DataLoader(Rows())]}, 2, ["train is an IterableDataset: each of 2 devices"]),
        ({"a": [DataLoader(Rows())]}, 1, []),
        (loader(), 2, []),
    ],
)
def test_a_stream_that_each_device_reads_whole_is_told(train: Any, devices: int, said: list[str]):
    found: list[str] = []
    trainer: Any = SimpleNamespace(train_dataloader=train, val_dataloaders=None, world_size=devices)
    CheckLoaders(found.append).on_train_start(trainer, Plain())
    assert [line[: len(start)] for line, start in zip(found, said, strict=True)] == said
