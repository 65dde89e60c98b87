"""Keys that were set by hand -> those that have no effect on a run."""

from collections.abc import Iterable

from groundwork.core.quote import key_of

# Keys of `trainer` that say nothing about where and in which numbers a run computes: gradient descent alone reads them.
DESCENT_ARGUMENTS = tuple(
    f"trainer.{name}"
    for name in (
        *(
            "max_epochs",
            "min_epochs",
            "max_steps",
            "min_steps",
            "max_time",
            "val_every_n_steps",
            "check_val_every_n_epoch",
        ),
        *("val_check_interval", "accumulate_grad_batches", "gradient_clip_val", "gradient_clip_algorithm"),
        *(
            "limit_train_batches",
            "limit_val_batches",
            "overfit_batches",
            "fast_dev_run",
            "num_sanity_val_steps",
        ),
        *("log_every_n_steps", "deterministic", "detect_anomaly", "profiler", "enable_checkpointing"),
        *("sync_batchnorm", "strategy", "plugins"),
    )
)
# Keys that only gradient descent reads: an exact head knows neither rate nor epoch; and those of the exact head.
DESCENT_KEYS = ("optim", "schedule", "callbacks", "execution.grad_checkpointing", "execution.compile", "seed",
                *DESCENT_ARGUMENTS)  # fmt: skip
SOLVER_KEYS = ("transfer.strengths",)


def idle_keys(
    overrides: Iterable[str], *, solves: bool, trains: bool, crosses: bool, augments: bool, stays: bool
) -> list[str]:
    """Name the keys set by hand that have no effect on this run.

    Args:
        overrides: As typed, without what an experiment sets; or keys alone.
        solves: Whether a head is solved, be it only to say where to cut.
        trains: Whether anything is trained by gradient descent.
        crosses: Whether folds may choose what is solved.
        augments: Whether images are changed by chance, which takes the place of fixed views.
        stays: Whether samples are such, and where, that they could stay in the memory of a GPU.
    """
    idle = (
        *(() if trains else DESCENT_KEYS),
        *(() if solves else SOLVER_KEYS),
        *(() if crosses else ("transfer.folds",)),
        *(("transfer.refit",) if trains else ()),
        *(("transfer.views",) if augments else ()),
        *(() if trains and stays else ("execution.resident",)),
    )
    keys = [key_of(override) for override in overrides]
    return [key for key in keys if any(key == own or key.startswith(f"{own}.") for own in idle)]
