"""What every task does: a loss per step, and predictions of a whole split at its end."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor
from torchmetrics.utilities.distributed import gather_all_tensors

from groundwork.core.batch import Batch, sample_keys
from groundwork.core.console import Console
from groundwork.core.pair import Pair
from groundwork.task.module import BuiltModule
from groundwork.task.outputs import Outputs, as_batch, inputs_of

OF_EVERY_STEP = frozenset({"_current_fx_name", "_loss_sum", "_loss_count"})


class Task(BuiltModule, ABC):
    """Fit a network to batches and judge it on a whole split at a time.

    `Task("resnet50", transfer="large_similar")` builds its parts, when the trainer has read the data, by the names of
    choices in `conf/`; an object in the place of a name is taken as it is. Whoever gives `network` gives all parts.

    Args:
        backbone: A name of timm or of `conf/model/`, a node of that group, or any nn.Module of one's own; None is the
            default for the data.
        transfer: How much of a pretrained backbone stays frozen, see `conf/transfer/`; None freezes all of it where it
            is pretrained.
        pretrained: Of the backbone, see `conf/model/timm.yaml`; None is as `transfer` says.
        lr: Rate of the optimizer; None leaves its own.
        info: What the data told, in plain types; None asks the trainer's data module.
        num_classes: For a data module that does not tell.
        network: Raw inputs -> output, and `decode`: output -> prediction.
        loss: loss(output, target, weight), one value per sample (B,).
        penalty: Network -> what the loss adds for its weights.
        metrics: (prediction, target) of a whole split -> name -> number.
        optimizer: Builds the optimizer from the network.
        schedule: Builds Lightning's `lr_scheduler` from optimizer, number of steps, monitor and mode.
        total_steps: Optimizer steps of this training; None asks the trainer.
        monitor: Metric that chooses, without its split.
        mode: Whether less or more of it is better.
        augment: (inputs, key (B,) int64) -> inputs, random by key alone; None leaves them as they are.
        mix: (images, probabilities (B, K), key (B,)) -> both mixed; None mixes nothing. Classes and labels alone
            are mixed.
        num_outputs: Classes K, or targets T.
        seed: Draws the keys, together with epoch and sample.

    Attributes:
        last_outputs: Of the last validation or test.
        ends_epoch: Whether the phase is over, so that no further batch of the epoch trains.
        phases: Of `transfer`, which train one after the other inside of one `Trainer.fit`.
    """

    last_outputs: Outputs

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; those of every step, such as the hook that runs, which Lightning notes 50 times, faster."""
        if name in OF_EVERY_STEP:
            self.__dict__[name] = value  # a module would look whether it is a parameter, 1 us each
        else:
            super().__setattr__(name, value)

    @abstractmethod
    def loss_target(self, target: Tensor) -> Tensor:
        """Bring a batch's target to what the loss compares with the output."""

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> int | None:
        """Leave out the rest of an epoch whose phase is over."""
        return -1 if self.ends_epoch else None

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Compute the mean loss of a batch plus the penalty."""
        if not isinstance(batch, Batch):
            batch = self._read(batch, batch_idx)
        inputs, target = self.prepare(batch)
        losses = self.losses(self.network(inputs), target, batch.weight)
        self.count_loss(losses.detach())
        objective: Tensor = losses.mean() + self.penalty(self.network)
        return objective

    def losses(self, output: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """Compute one loss per sample (B,): of several networks in one, output (B, M, K), the mean of their losses."""
        if output.ndim < 3 or getattr(self.network.head, "num_members", 1) == 1:
            losses: Tensor = self.loss(output, target, weight)
            return losses
        members = output.shape[1]
        repeated = [None if each is None else each.repeat_interleave(members, 0) for each in (target, weight)]
        apart: Tensor = self.loss(output.flatten(0, 1), *repeated)
        return apart.reshape(-1, members).mean(dim=1)

    def prepare(self, batch: Batch) -> tuple[Any, Tensor]:
        """Augment the inputs and bring the target to the loss's terms."""
        target = self._scaled(batch.target)
        if self.augment is None:
            return batch.inputs, target
        keys = self.keys(batch.index)
        if isinstance(batch.inputs, Pair):
            return batch.inputs.images(lambda images: self.augment(images, keys)), target
        return self.augment(batch.inputs, keys), target

    def keys(self, index: Tensor) -> Tensor:
        """Name this epoch's draw for each sample (B,), whatever batch or device it is in."""
        return sample_keys(index, self.seed, self.current_epoch)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Keep the outputs of a batch, on the device."""
        if not isinstance(batch, Batch):
            batch = self._read(batch, batch_idx)
        mask = torch.ones_like(batch.index, dtype=torch.bool) if batch.mask is None else batch.mask
        self._kept.append((self.network(batch.inputs), batch.target, batch.index, mask))

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the whole split, and the mean training loss since the last validation."""
        self.last_outputs = self._outputs()
        if self.trainer.sanity_checking:
            return
        self._log_outputs("val")
        if self._loss_sum is not None and self._loss_count:
            total = self._gather(self._loss_sum[None].to(self.device))  # a restored one is on the processor
            count = self._gather(torch.full_like(total[:1], self._loss_count))
            self._log("train/loss", total.sum() / count.sum())
            self._loss_sum, self._loss_count = None, 0

    def test_step(self, batch: Any, batch_idx: int) -> None:
        """Keep the outputs of a batch, on the device."""
        self.validation_step(batch, batch_idx)

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the whole split."""
        self.last_outputs = self._outputs()
        self._log_outputs("test")

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Predict probabilities (B, K), or values (B, T) in original units."""
        prediction: Tensor = self.network.decode(self.network(inputs_of(batch)))
        return prediction

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the training loss since the last validation, of each device."""
        total = torch.zeros(()) if self._loss_sum is None else self._loss_sum
        counts = self._gather(torch.tensor([self._loss_count], device=self.device))
        checkpoint["train_loss"] = (self._gather(total[None].to(self.device)), counts)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting the training loss."""
        totals, counts = checkpoint["train_loss"]
        if self._trainer is not None and len(totals) == self.trainer.world_size:
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

    def _read(self, batch: Any, number: int) -> Batch:
        """Read a batch of a data module that is not of this package."""
        trainer = self.trainer
        if trainer.world_size > 1 and number == 0 and trainer.global_rank == 0 and not self.training:
            Console().note(
                f"{trainer.world_size} devices: the data module may repeat samples so that all "
                "devices take equal steps, and the metrics count them again"
            )
        return self.complete(as_batch(batch, number * trainer.world_size + trainer.global_rank))

    def complete(self, batch: Batch) -> Batch:
        """Bring a target as other data modules give it to the shape of ours."""
        return batch

    def _log_outputs(self, split: str) -> None:
        outputs = self.last_outputs
        for name, value in self.metrics(outputs.prediction, outputs.target).items():
            self._log(f"{split}/{name}", value)
        self._log(f"{split}/loss", outputs.loss)

    def _log(self, name: str, value: Any) -> None:
        """Log what is equal on all devices already; the largest of equal numbers is exact, their mean is not."""
        self.log(name, value, reduce_fx="max", sync_dist=self.trainer.world_size > 1)

    def _scaled(self, target: Tensor) -> Tensor:
        """Bring a target to the loss's terms; values are float32 from here on, as the output is."""
        scaled = self.loss_target(target)
        return scaled.float() if scaled.dtype is torch.float64 else scaled

    def _gather(self, part: Tensor) -> Tensor:
        """Join the parts of all devices along the first axis."""
        if self.trainer.world_size == 1:
            return part
        return torch.cat(gather_all_tensors(part.contiguous()))
