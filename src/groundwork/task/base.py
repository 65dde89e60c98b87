"""What every task does: a loss per step, and predictions of a whole split at its end."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, cast

import numpy as np
import torch
from lightning import LightningModule
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torchmetrics.utilities.distributed import gather_all_tensors

from groundwork.core.batch import Batch, sample_keys

Metrics = Callable[[NDArray[Any], NDArray[Any]], dict[str, float]]
OptimizerFactory = Callable[[Any], Optimizer]
ScheduleFactory = Callable[[Optimizer, int, str, str], dict[str, Any]]


@dataclass(frozen=True)
class Outputs:
    """Hold the predictions of a split, each sample once, in the order of the table.

    Attributes:
        index: (N,) rows in the table of samples.
        target: (N,) class numbers, or (N, T) values in original units.
        prediction: (N, K) probabilities, or (N, T) float64 values in original units.
        loss: Mean over the samples.
    """

    index: NDArray[np.int64]
    target: NDArray[Any]
    prediction: NDArray[np.floating]
    loss: float


OF_EVERY_STEP = frozenset({"_current_fx_name", "_loss_sum", "_loss_count"})


class Task(LightningModule, ABC):
    """Fit a network to batches and judge it on a whole split at a time.

    Args:
        network: Raw inputs -> output, and `decode`: output -> prediction.
        loss: loss(output, target, weight), one value per sample (B,).
        penalty: Network -> what the loss adds for its weights.
        metrics: (prediction, target) of a whole split -> name -> number.
        optimizer: Builds the optimizer from the network.
        schedule: Builds Lightning's `lr_scheduler` from optimizer, number of steps, monitor and mode.
        total_steps: Optimizer steps of this training.
        monitor: Metric that chooses, without its split.
        mode: Whether less or more of it is better.
        augment: (inputs, key (B,) int64) -> inputs, random by key alone; None leaves them as they are.
        mix: (images, probabilities (B, K), key (B,)) -> both mixed; None mixes nothing. Classes alone are mixed.
        num_outputs: Classes K, or targets T.
        seed: Draws the keys, together with epoch and sample.

    Attributes:
        last_outputs: Of the last validation.
        ends_epoch: Whether the phase is over, so that no further batch of the epoch trains.
    """

    last_outputs: Outputs

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        penalty: nn.Module,
        metrics: Metrics,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory,
        total_steps: int,
        monitor: str,
        mode: Literal["min", "max"],
        augment: nn.Module | None,
        mix: nn.Module | None,
        num_outputs: int,
        seed: int,
    ):
        super().__init__()
        # Lightning asks for it at every step, and would look it up anew.
        vars(type(self).training_step)["__signature__"] = signature(type(self).training_step)
        self.loss, self.metrics, self.schedule, self.num_outputs = loss, metrics, schedule, num_outputs
        self.monitor, self.mode, self.seed = monitor, mode, seed
        self.begin(network, penalty, optimizer, total_steps, augment, mix)
        self._kept: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        self._loss_sum: Tensor | None = None  # over the samples since the last validation
        self._loss_count = 0

    def begin(
        self,
        network: nn.Module,
        penalty: nn.Module,
        optimizer: OptimizerFactory,
        total_steps: int,
        augment: nn.Module | None,
        mix: nn.Module | None,
    ) -> None:
        """Take what a phase of training brings; see the arguments of the class."""
        self.network: Any = network
        self.penalty, self.augment, self.mix = penalty, augment, mix
        self.optimizer, self.total_steps = optimizer, total_steps
        self.ends_epoch = False

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> int | None:
        """Leave out the rest of an epoch whose phase is over."""
        return -1 if self.ends_epoch else None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; those of every step, such as the hook that runs, which Lightning notes 50 times, faster."""
        if name in OF_EVERY_STEP:
            self.__dict__[name] = value  # a module would look whether it is a parameter, 1 us each
        else:
            super().__setattr__(name, value)

    @abstractmethod
    def loss_target(self, target: Tensor) -> Tensor:
        """Bring a batch's target to what the loss compares with the output."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Compute the mean loss of a batch plus the penalty."""
        inputs, target = self.prepare(batch)
        losses: Tensor = self.loss(self.network(inputs), target, batch.weight)
        self.count_loss(losses.detach())
        objective: Tensor = losses.mean() + self.penalty(self.network)
        return objective

    def prepare(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Augment the inputs and bring the target to the loss's terms."""
        target = self._scaled(batch.target)
        if self.augment is None:
            return batch.inputs, target
        return self.augment(batch.inputs, self.keys(batch.index)), target

    def keys(self, index: Tensor) -> Tensor:
        """Name this epoch's draw for each sample (B,), whatever batch or device it is in."""
        return sample_keys(index, self.seed, self.current_epoch)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Keep the outputs of a batch, on the device."""
        mask = torch.ones_like(batch.index, dtype=torch.bool) if batch.mask is None else batch.mask
        self._kept.append((self.network(batch.inputs), batch.target, batch.index, mask))

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the whole split, and the mean training loss since the last validation."""
        self.last_outputs = self._outputs()
        if self.trainer.sanity_checking:
            return
        values = self.metrics(self.last_outputs.prediction, self.last_outputs.target)
        self.log_dict({f"val/{name}": value for name, value in values.items()})
        self.log("val/loss", self.last_outputs.loss)
        if self._loss_sum is not None and self._loss_count:
            total = self._gather(self._loss_sum[None].to(self.device))  # a restored one is on the processor
            count = self._gather(torch.full_like(total[:1], self._loss_count))
            self.log("train/loss", total.sum() / count.sum())
            self._loss_sum, self._loss_count = None, 0

    def configure_optimizers(self) -> Any:
        """Build the optimizer of what trains now, and its schedule."""
        optimizer = self.optimizer(self.network)
        scheduler = self.schedule(optimizer, self.total_steps, self.monitor, self.mode)
        if scheduler.pop("counts_epochs", False):
            batches = cast(Any, self.trainer).datamodule.num_batches(self.trainer.world_size)
            scheduler["scheduler"].every *= -(-batches // self.trainer.accumulate_grad_batches)
        return {"optimizer": optimizer, "lr_scheduler": scheduler}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by the norm of all gradients; Lightning refuses to where a fused optimizer meets a lower precision."""
        if not gradient_clip_val:
            return
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
            scaler.unscale_(optimizer)  # a fused step would do so itself, but only after this
        clip_grad_norm_(
            [each for group in optimizer.param_groups for each in group["params"]], gradient_clip_val
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the training loss since the last validation, of each device."""
        total = torch.zeros(()) if self._loss_sum is None else self._loss_sum
        counts = self._gather(torch.tensor([self._loss_count], device=self.device))
        checkpoint["train_loss"] = (self._gather(total[None].to(self.device)), counts)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting the training loss."""
        totals, counts = checkpoint["train_loss"]
        if len(totals) == self.trainer.world_size:
            rank = self.trainer.global_rank
            self._loss_sum, self._loss_count = totals[rank], int(counts[rank])

    def count_loss(self, losses: Tensor) -> None:
        """Add the losses (B,) of a training step to the mean that is logged as `train/loss`."""
        total = losses.sum()
        self._loss_sum = total if self._loss_sum is None else self._loss_sum.to(total) + total
        self._loss_count += len(losses)

    def forget_broken_loss(self) -> None:
        """Begin the mean of the training loss anew where a step that was left out has made it no number."""
        if self._loss_sum is not None and not bool(torch.isfinite(self._loss_sum)):
            self._loss_sum, self._loss_count = None, 0

    def _outputs(self) -> Outputs:
        kept = [torch.cat(parts) for parts in zip(*self._kept, strict=True)]
        self._kept.clear()
        output, target, index, mask = kept
        output, target, index = (self._gather(part[mask]) for part in (output.float(), target, index))
        order = torch.argsort(index)
        output, target, index = output[order], target[order], index[order]
        return Outputs(
            index.cpu().numpy(),
            target.cpu().numpy(),
            self.network.decode(output).cpu().numpy(),
            float(self.loss(output, self._scaled(target), None).mean()),
        )

    def _scaled(self, target: Tensor) -> Tensor:
        """Bring a target to the loss's terms; values are float32 from here on, as the output is."""
        scaled = self.loss_target(target)
        return scaled.float() if scaled.dtype is torch.float64 else scaled

    def _gather(self, part: Tensor) -> Tensor:
        """Join the parts of all devices along the first axis."""
        if self.trainer.world_size == 1:
            return part
        return torch.cat(gather_all_tensors(part.contiguous()))
