"""Names or objects -> the parts of a task, built once the data are known."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from inspect import signature
from math import isfinite
from typing import Any, Literal

from lightning import Callback, LightningModule
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from groundwork.core.batch import TaskName
from groundwork.core.errors import UserError
from groundwork.task.build import build_parts, data_info, is_plain
from groundwork.task.phases import TaskPhases

Metrics = Callable[[NDArray[Any], NDArray[Any]], dict[str, float]]
OptimizerFactory = Callable[[Any], Optimizer]
ScheduleFactory = Callable[[Optimizer, int, str, str], dict[str, Any]]


class BuiltModule(LightningModule):
    """Hold what a task trains with; see `Task`."""

    network: Any  # these are names until `build` puts what they name in their place
    loss: Any
    penalty: Any
    augment: Any
    metrics: Any
    optimizer: Any
    schedule: Any
    num_outputs: Any
    monitor: Any
    mode: Any
    plan: Any
    reads_batches = True  # as stored: the network normalizes
    kind: TaskName

    def __init__(
        self,
        backbone: str | nn.Module | DictConfig | None = None,
        *,
        transfer: Any = None,
        pretrained: bool | str | None = None,
        lr: float | None = None,
        info: dict[str, Any] | None = None,
        num_classes: int | None = None,
        network: nn.Module | None = None,
        loss: nn.Module | str | None = None,
        penalty: nn.Module | None = None,
        metrics: Metrics | str | None = None,
        optimizer: OptimizerFactory | str = "adamw",
        schedule: ScheduleFactory | str = "cosine",
        total_steps: int | None = None,
        monitor: str | None = None,
        mode: Literal["min", "max"] | None = None,
        augment: nn.Module | str | None = None,
        mix: nn.Module | None = None,
        num_outputs: int | None = None,
        seed: int = 0,
    ):
        own = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        super().__init__()
        # Lightning asks for it at every step, and would look it up anew.
        vars(type(self).training_step)["__signature__"] = signature(type(self).training_step)
        self.loss, self.metrics, self.schedule, self.num_outputs = loss, metrics, schedule, num_outputs
        self.monitor, self.mode, self.seed = monitor, mode, seed
        self.begin(network, penalty, optimizer, total_steps, augment, mix)
        self.phases: tuple[Any, ...] = ()
        self._share = 1.0  # of the steps of the training that the phase takes
        self._kept: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        self._loss_sum: Tensor | None = None  # over the samples since the last validation
        self._loss_count = 0
        self._waiting: dict[str, Any] | None = None
        self._phasing = TaskPhases(self)
        self._asked = None if network is not None else own
        if self._asked is not None:
            self.save_hyperparameters({name: value for name, value in own.items() if is_plain(value)})
        elif type(self).configure_model is BuiltModule.configure_model:
            # Lightning's averages and sharding ask whether a module builds itself; this one is built.
            self.configure_model = partial(LightningModule.configure_model, None)  # type: ignore[arg-type, method-assign]

    def begin(
        self,
        network: nn.Module | None,
        penalty: nn.Module | None,
        optimizer: OptimizerFactory | str,
        total_steps: int | None,
        augment: nn.Module | str | None,
        mix: nn.Module | None,
    ) -> None:
        """Take what a phase of training brings; see the arguments of the class."""
        self.network, self.penalty, self.augment, self.mix = network, penalty, augment, mix
        self.optimizer, self.total_steps = optimizer, total_steps
        self.ends_epoch = False

    def configure_model(self) -> None:
        """Build what is named by its choice, of what the data tell."""
        if self.network is None:
            follows = self._trainer is None or self._waiting is not None  # weights of a checkpoint
            self.build(data_info(self), pretrained=not follows)
            if self._waiting is not None:
                super().load_state_dict(self._waiting)
                self._waiting = None
        if self._trainer is not None and self._trainer.state.fn == "fit":
            self._phasing.begin(self._trainer)

    def configure_callbacks(self) -> list[Callback]:
        """Bring the phases of `transfer` along; whoever gives the parts of a task sees to its phases, too."""
        return [] if self._asked is None else [self._phasing]

    def build(self, info: dict[str, Any], pretrained: bool) -> None:
        """Build what is named by its choice.

        Args:
            info: What the data told, in plain types; checkpoints hold it among the hyper-parameters.
            pretrained: Load the weights of the backbone; False where a checkpoint follows.
        """
        self.hparams["info"] = info
        for name, part in build_parts(self.kind, self._asked or {}, info, pretrained).items():
            setattr(self, name, part)
        self.phases, self._optimizer = self.plan.phases, self.optimizer
        self.enter(self.phases[-1])

    def enter(self, phase: Any, share: float = 1.0) -> None:
        """Let the stages and the rates of one of `phases` train; an optimizer that is there already stays as it is.

        Args:
            share: Of the steps of the training, over which the schedule goes.
        """
        self._share = share
        self.plan.enter(self.network, phase)
        if hasattr(self._optimizer, "layer_decay"):
            rates = {
                name: getattr(self._optimizer, name) * getattr(phase, name) for name in ("lr", "layer_decay")
            }
            self.optimizer = replace(self._optimizer, **rates)

    def configure_optimizers(self) -> Any:
        """Build the optimizer of what trains now, and its schedule."""
        optimizer = self.optimizer(self.network)
        every = self.trainer.estimated_stepping_batches * self._share
        steps = every if self.total_steps is None else self.total_steps
        if not isfinite(steps):
            raise UserError(
                "a schedule must know its end, but max_epochs is -1. Set max_epochs or max_steps."
            )
        scheduler = self.schedule(optimizer, max(1, round(steps)), self.monitor, self.mode)
        if scheduler.pop("counts_epochs", False):
            scheduler["scheduler"].every *= -(-self._num_batches() // self.trainer.accumulate_grad_batches)
        return {"optimizer": optimizer, "lr_scheduler": scheduler}

    def _num_batches(self) -> int:
        """Count the training batches of an epoch on each device."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        if hasattr(data, "num_batches"):
            return int(data.num_batches(self.trainer.world_size))
        return int(self.trainer.num_training_batches)

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

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load weights; those of processes that Lightning started wait until this one has seen the data, too."""
        if self.network is not None:
            return super().load_state_dict(state_dict, strict, assign)
        self._waiting = dict(state_dict)
        return [], []
