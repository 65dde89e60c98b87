"""The groups `trainer` and `callbacks` of a configuration -> what the run decides itself or can't be is refused."""

from omegaconf import DictConfig, ListConfig

from groundwork.core.errors import UserError
from groundwork.core.older import hint
from groundwork.core.ranges import check_choice
from groundwork.launch.config.parts import check_callback
from groundwork.train.custom import own_module

OWN = "val_every_n_steps"  # the one key of `trainer` that is not Lightning's
# Arguments of lightning.Trainer that the run decides itself -> what to use instead.
REFUSED = {
    "logger": "Use the group logger: logger=wandb",
    "callbacks": "Use the group callbacks: +callbacks.NAME={_target_: ...}",
    "default_root_dir": "Use paths.runs=DIR",
    "use_distributed_sampler": "Leave it out: the data module hands each process its own samples",
    "barebones": "Use debug=profile: without metrics no epoch is best",
    "model_registry": "Use scripts/export.py: checkpoints stay on this machine",
}

# Strategies of Lightning by name; a library may register more, which `_target_` reaches.
UNUSED = "find_unused_parameters"
STRATEGIES = ("auto", "ddp", f"ddp_{UNUSED}_true", f"ddp_{UNUSED}_false", "deepspeed", "deepspeed_stage_1",
              "deepspeed_stage_2", "deepspeed_stage_2_offload", "deepspeed_stage_3", "deepspeed_stage_3_offload",
              "deepspeed_stage_3_offload_nvme", "fsdp", "fsdp_cpu_offload", "single_device")  # fmt: skip
PROFILERS = ("simple", "advanced", "pytorch")

# Callbacks of Lightning that do nothing for a task of this package, or stop it -> what to use instead.
REPLACED = {
    "LearningRateFinder": "Use debug=lr_find",
    "BatchSizeFinder": "Set data.batch_size=N; a batch that is too large for a GPU is made smaller",
    "BackboneFinetuning": "Use transfer=large_similar, which trains the head and then everything",
    "StochasticWeightAveraging": "Use callbacks.ema.decay=0.999, or ~callbacks.checkpoint beside it: the average is "
    "made after the last validation, and best.ckpt does not hold it",
}


def refused(key: str) -> str | None:
    """Say in one line what to use instead of an argument that the run decides, None for any other key."""
    group, _, name = key.partition(".")
    if group != "trainer" or name not in REFUSED:
        return None
    return f"{key} is decided by the run. {REFUSED[name]}."


def check_trainer(config: DictConfig) -> None:
    """Refuse arguments that the run decides, and keys that are none.

    Raises:
        UserError: With the key and what to use instead.
    """
    if config.trainer.get("_target_") != "lightning.Trainer":
        raise UserError(
            f"trainer._target_ must be lightning.Trainer, but got {config.trainer.get('_target_')}. Leave it out."
        )
    for name in config.trainer:
        key = f"trainer.{name}"
        if said := hint(key) or refused(key):
            raise UserError(said)
    trainer = config.trainer
    if trainer.get(OWN) is not None:
        for name, plain in (("val_check_interval", None), ("check_val_every_n_epoch", 1)):
            if trainer.get(name) != plain:
                raise UserError(
                    f"trainer.{OWN} must not go with trainer.{name}, which says the same. Leave one of them out."
                )
    _check_parts(trainer)
    strategy = trainer.get("strategy")
    cut = isinstance(strategy, DictConfig) and str(strategy.get("_target_")).endswith(
        ".ModelParallelStrategy"
    )
    if cut and not own_module(config):
        raise UserError(
            "trainer.strategy must not be ModelParallelStrategy, since the networks here do not cut themselves in "
            "configure_model. Use trainer=ddp, trainer.strategy=fsdp, or a module of your own that does."
        )


def _check_parts(trainer: DictConfig) -> None:
    """Refuse a strategy, a profiler or plugins that Lightning cannot know, as far as this is told without it."""
    strategy, profiler, plugins = trainer.get("strategy"), trainer.get("profiler"), trainer.get("plugins")
    if isinstance(strategy, str):
        if {"spawn", "fork", "notebook"} & set(strategy.lower().split("_")):
            raise UserError(
                f"trainer.strategy must be one whose processes the run starts, but got {strategy}. Use ddp."
            )
        check_choice("trainer.strategy", strategy.lower(), STRATEGIES)
    single = strategy.get("_target_") if isinstance(strategy, DictConfig) else strategy
    if str(single).rpartition(".")[2] in ("single_device", "SingleDeviceStrategy") and trainer.devices != 1:
        raise UserError(
            f"trainer.strategy={single} must go with trainer.devices=1, but got trainer.devices={trainer.devices}, "
            "whose processes would each train alone. Use trainer.strategy=ddp."
        )
    if isinstance(profiler, str):
        check_choice("trainer.profiler", profiler, (*PROFILERS, "null"))
    for one in plugins if isinstance(plugins, ListConfig) else [plugins] if plugins else []:
        if not (isinstance(one, DictConfig) and one.get("_target_")):
            raise UserError(
                f"trainer.plugins must be a list of {{_target_: ...}}, but holds {one}. Name the class."
            )


def is_plain(trainer: DictConfig) -> bool:
    """Tell whether `check_trainer` and the ranges say all of a group `trainer`, so that Lightning need not be asked."""
    strategy, profiler, fast = trainer.strategy, trainer.profiler, trainer.fast_dev_run
    return (
        isinstance(strategy, str)
        and not strategy.startswith(("fsdp", "deepspeed"))
        and (profiler is None or isinstance(profiler, str))
        and trainer.plugins is None
        and trainer.max_time is None
        and not isinstance(trainer.val_check_interval, str | DictConfig)
        and (isinstance(fast, bool) or fast >= 0)
    )


def check_callbacks(config: DictConfig) -> None:
    """Refuse entries that are no callbacks.

    Raises:
        UserError: With the key and what to write.
    """
    for name, node in config.callbacks.items():
        key = f"callbacks.{name}"
        if node is not None and not (isinstance(node, DictConfig) and node.get("_target_")):
            raise UserError(
                hint(key) or f"{key} must be null or {{_target_: ...}}, but got {node}. Change it."
            )
        target = "" if node is None else str(node._target_)
        named = target.rpartition(".")[2]
        keeps_best = config.callbacks.get("checkpoint") and config.trainer.enable_checkpointing is not False
        if (
            named in REPLACED
            and not own_module(config)
            and (keeps_best or named != "StochasticWeightAveraging")
        ):
            raise UserError(f"{key}._target_={target} cannot be used here. {REPLACED[named]}.")
        if node is not None:
            check_callback(key, node)
