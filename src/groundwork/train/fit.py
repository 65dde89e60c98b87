"""A settled run -> task and trainer; before them an exact head where one can be solved, after them the best weights."""

from lightning.pytorch import LightningModule, Trainer

from groundwork.core.errors import UserError
from groundwork.core.older import CALLBACKS
from groundwork.model import complete_embeddings, merge
from groundwork.task.phases import callbacks_of
from groundwork.train.callbacks.build import build_callbacks
from groundwork.train.callbacks.history import write_history
from groundwork.train.callbacks.phases import Phases, restore_best
from groundwork.train.checkpoint import check_space
from groundwork.train.checkpoint.keep import KeepBestAndLast
from groundwork.train.context import Context
from groundwork.train.frozen.exact import strength_history
from groundwork.train.frozen.targets import set_head
from groundwork.train.loop import first_task
from groundwork.train.model import Model, build_model
from groundwork.train.own.run import OwnRun
from groundwork.train.own.task import module_of
from groundwork.train.phases import finish_phase, save_network
from groundwork.train.target_scale import predict_means
from groundwork.train.trainer import build_trainer


def build_task(run: Context | OwnRun) -> LightningModule:
    """Build the network of a run and the task that trains it; `run.model` and `run.datamodule` come with it.

    A frozen part of the network has run over the data by then, and a head that can be solved exactly has been.
    """
    if isinstance(run, OwnRun):
        return module_of(run.config)
    run.model = build_model(run)
    _keep_size(run)
    return first_task(run, run.model.parts, run.model.network)


def _keep_size(run: Context) -> None:
    """Say and write down the size of the backbone that followed from the rows, so that the run folder tells it."""
    model, size = run.config.model, getattr(run.model.network.backbone, "size", {})
    if found := {key: value for key, value in size.items() if model.get(key) == "auto"}:
        model.update(found)
        run.console.say(
            f"auto: {', '.join(f'model.{key}={value}' for key, value in found.items())}, by rows and columns of train"
        )
        run.keep_config()


def solve(run: Context | OwnRun, task: LightningModule) -> bool:
    """Put the exact head into the network, where there is one, and tell whether nothing is left to train.

    Args:
        task: Of the run.
    """
    if isinstance(run, OwnRun):
        return run.is_finished
    model, plan = run.model, run.plan
    if model.solved is not None:
        if plan.head_only and (added := sorted(set(run.config.callbacks) - set(CALLBACKS))):
            run.console.note(
                f"{', '.join(added)}: no effect on this run, whose head is solved exactly. Add "
                f"transfer.solver=sgd, or a scenario that trains the network."
            )
        if model.reached.number < 2:
            set_head(model.network, model.solved.head)
            run.rows.extend(strength_history(model.solved, plan, run.config.monitor, run.direction))
            write_history(run.folder.history, run.rows)
            finish_phase(run, model.network, 1, 0)
    if model.parts:
        check_space(run.folder, model.network.state_dict())
    return not model.parts


def finish(run: Context, trainer: Trainer) -> Model:
    """Leave the network as it was at the best validation of its last phase, and write that down.

    Raises:
        FloatingPointError: If no validation gave a finite number.
        UserError: If there was none.
    """
    model: Model = run.model
    network = model.network
    if model.parts:
        _take_best(run, trainer)
        finish_phase(run, network, len(run.plan.phases), model.best_epoch)
        run.folder.finished.unlink(missing_ok=True)
    run.folder.advised.unlink(missing_ok=True)  # the last checkpoint tells it
    completed, rescaled = complete_embeddings(network), predict_means(run, network)
    if completed or rescaled:
        save_network(run, network)
    if run.plan.head_only or run.plan.rank:
        merge(network).freeze(network.num_stages)  # so that it counts what was fitted: the head, and adapters
    return model


def _take_best(run: Context, trainer: Trainer) -> None:
    callbacks = callbacks_of(trainer)
    part = next(one for one in callbacks if isinstance(one, Phases)).part
    keep = next((one for one in callbacks if isinstance(one, KeepBestAndLast)), None)
    if keep is None:  # removed: the last weights count
        part.leave()
        run.model.best_epoch = trainer.current_epoch
        return
    if not keep.best_epoch:
        if f"val/{run.config.monitor}" not in trainer.callback_metrics:
            raise UserError(
                "training ended before the first validation, so no epoch is best. Validate more often."
            )
        raise FloatingPointError(
            f"val/{run.config.monitor} was never a finite number, so no epoch is best. Lower optim.lr."
        )
    restore_best(run.folder, part)
    run.model.best_epoch = keep.best_epoch


def fit(run: Context) -> Model:
    """Do what the function of scripts/train.py does between `settle` and `conclude`, for a short run inside another."""
    task = build_task(run)
    trainer = build_trainer(run, build_callbacks(run))
    if not solve(run, task):
        trainer.fit(task, datamodule=run.datamodule, ckpt_path=run.ckpt_path)
    return finish(run, trainer)
