"""A checkpoint of a run that goes on with other devices or epochs -> the same place among today's steps."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from groundwork.data import GroundworkDataModule
from groundwork.train.steps import batches_per_epoch

# What a schedule of torch knows of its length: that of today counts.
LENGTHS = ("total_steps", "_schedule_phases")


def move(checkpoint: dict[str, Any], config: DictConfig, data: GroundworkDataModule, world_size: int) -> None:
    """Say in today's batches and steps where a checkpoint stands; nothing changes where those are what they were.

    Samples that a batch of today shares with one that was trained on are seen again in this epoch; none is left out.

    Args:
        checkpoint: Changed in place.
        config: Of the run today.
        data: Of the run.
        world_size: Number of processes today.
    """
    before: Any = OmegaConf.merge(config.trainer, checkpoint["config"]["trainer"])
    after, known = config.trainer, len(checkpoint["ranks"])
    old = batches_per_epoch(before, data.num_batches(known))
    new = batches_per_epoch(after, data.num_batches(world_size))
    for state in checkpoint["lr_schedulers"]:
        for name in LENGTHS:
            state.pop(name, None)
    if (old, known) != (new, world_size):
        at = checkpoint["batches"]["batch"]
        shared = at * known // world_size // after.accumulate_grad_batches * after.accumulate_grad_batches
        _stand_at(checkpoint, new if at >= old else min(shared, new), new)
    steps = [
        -(-batches // int(trainer.accumulate_grad_batches))
        for batches, trainer in ((old, before), (new, after))
    ]
    if steps[0] != steps[1]:
        for state in checkpoint["lr_schedulers"]:
            for name in {"last_epoch", "count"} & state.keys():
                if "num_bad_epochs" not in state:  # a plateau counts validations
                    state[name] = round(state[name] * steps[1] / steps[0])


def _stand_at(checkpoint: dict[str, Any], batch: int, batches: int) -> None:
    checkpoint["batches"]["batch"] = batch
    progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]
    progress["current"] = dict.fromkeys(progress["current"], batch)
    progress["is_last_batch"] = batch >= batches
