"""A LightningDataModule and LightningModules that know nothing of this project; tests import them from their folder."""

from collections.abc import Iterator
from typing import Any

import torch
from lightning import LightningDataModule, LightningModule
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset


class Data(LightningDataModule):
    """Rows of three numbers; the class says whether the first is above 0."""

    def __init__(self, size: int = 48, own_draw: bool = False):
        super().__init__()
        self.size, self.own_draw, self.num_classes = size, own_draw, 2

    def setup(self, stage: str) -> None:
        inputs = torch.randn(3 * self.size, 3, generator=torch.Generator().manual_seed(0))
        parts = zip(inputs.split(self.size), (inputs[:, 0] > 0).long().split(self.size), strict=True)
        self.train, self.val, self.test = (TensorDataset(*part) for part in parts)

    def train_dataloader(self) -> Any:
        draw = torch.Generator().manual_seed(3) if self.own_draw else None
        return DataLoader(self.train, 8, shuffle=True, generator=draw)

    def val_dataloader(self) -> Any:
        return DataLoader(self.val, 8)

    def test_dataloader(self) -> Any:
        return DataLoader(self.test, 7)


class Module(LightningModule):
    """One optimizer, a schedule by epochs, dropout; takes one class or one value."""

    def __init__(self, num_inputs: int = 3, lr: float = 0.05, outputs: int = 2):
        super().__init__()
        self.save_hyperparameters()
        self.outputs, self.lr = outputs, lr
        self.layers = nn.Sequential(
            nn.Linear(num_inputs, 8), nn.Dropout(0.1), nn.ReLU(), nn.Linear(8, outputs)
        )

    def step(self, batch: Any, split: str) -> Tensor:
        inputs, target = batch
        output = self.layers(inputs)
        if self.outputs == 1:
            loss = (output - (target.reshape(-1, 1) - 150) / 80).square().mean()
        else:
            loss = nn.functional.cross_entropy(output, target)
            right = (output.argmax(1) == target).float().mean()
            self.log(f"{split}_acc", right, on_step=False, on_epoch=True, sync_dist=True)
        self.log(f"{split}_loss", loss, on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self.step(batch, "train")

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.step(batch, "val")

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.step(batch, "test")

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), self.lr)
        return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)]


class Stream(IterableDataset[Any]):
    """Rows without a length."""

    def __init__(self, rows: Any):
        self.rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)


class Flow(Data):
    """The same rows, streamed; val comes twice."""

    def train_dataloader(self) -> Any:
        return DataLoader(Stream(self.train), 8)

    def val_dataloader(self) -> Any:
        return [DataLoader(Stream(self.val), 8), DataLoader(self.test, 8)]


class Double(Module):
    """Two sets of val, each logged by its own name."""

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        right = (self.layers(batch[0]).argmax(1) == batch[1]).float().mean()
        self.log(f"val_{'ab'[dataloader_idx]}/acc", right, add_dataloader_idx=False)


class Idle(Module):
    """Nothing that trains, as Lightning allows."""

    def configure_optimizers(self) -> Any:
        return None


class Twins(LightningModule):
    """Two networks, each with an optimizer and a schedule of its own, stepped by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.maker, self.judge = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))

    def make(self, count: int) -> Tensor:
        made: Tensor = self.maker(torch.randn(count, 2, device=self.device))
        return made

    def training_step(self, batch: Any, batch_idx: int) -> None:
        inputs, _ = batch
        maker, judge = self.optimizers()  # type: ignore[misc]  # two of them
        for optimizer, wanted in ((judge, 1.0), (judge, 0.0), (maker, 1.0)):
            given = inputs if (optimizer is judge and wanted) else self.make(len(inputs))
            judged = self.judge(given)
            loss = nn.functional.binary_cross_entropy_with_logits(judged, torch.full_like(judged, wanted))
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()

    def on_train_epoch_end(self) -> None:
        for schedule in self.lr_schedulers():  # type: ignore[union-attr]  # two of them
            schedule.step()  # type: ignore[call-arg]  # none of them looks at a metric

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/gap_error", (self.make(100).mean(0) - batch[0].mean(0)).abs().mean(), sync_dist=True)

    def configure_optimizers(self) -> Any:
        found = [torch.optim.Adam(part.parameters(), 0.01) for part in (self.maker, self.judge)]
        return found, [torch.optim.lr_scheduler.ExponentialLR(one, 0.9) for one in found]
