"""The average of the weights, against its formula step by step."""

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from groundwork.core.errors import UserError
from groundwork.train.callbacks.ema import WarmEMA

STEPS = 30


class Walk(LightningModule):
    """Take steps of plain gradient descent on noise, and write down the weight after each."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        self.seen: list[float] = []

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return (self.layer(batch) * batch).sum()

    def on_train_batch_end(self, *_: object) -> None:
        self.seen.append(self.layer.weight.item())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


def walk(decay: float) -> tuple[list[float], float]:
    torch.manual_seed(0)
    task = Walk()
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, callbacks=[WarmEMA(decay)], enable_model_summary=False, **quiet
    )
    trainer.fit(task, DataLoader(torch.randn(STEPS, 1, 1), batch_size=None))
    return task.seen, task.layer.weight.item()


# Lightning warns of workers, of srun and of torch's own names, none of which matter here.
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("decay", [0.999, 0.5])
def test_the_average_keeps_at_most_what_the_steps_so_far_warrant(decay: float):
    seen, final = walk(decay)
    average = seen[0]
    for step, weight in enumerate(seen[1:], start=1):
        kept = min(decay, (1 + step) / (10 + step))
        average = kept * average + (1 - kept) * weight
    assert len(seen) == STEPS
    assert final == pytest.approx(average, rel=1e-4)
    assert final != pytest.approx(seen[-1], rel=0.01)


def test_the_decay_warms_up_to_what_was_asked_for():
    average = WarmEMA(0.9)
    assert [average.decay_at(step) for step in (0, 1, 10, 80, 81, 10_000)] == [
        0.1,
        2 / 11,
        0.55,
        0.9,
        0.9,
        0.9,
    ]


def test_a_decay_outside_of_its_range_is_refused():
    with pytest.raises(UserError, match=r"callbacks\.ema"):
        WarmEMA(1.0)
