"""Words of a configuration that stand for a time or a size -> nothing, or the line that says how they are written."""

import re

from omegaconf import DictConfig

from groundwork.core.errors import UserError

# Of Slurm: minutes, minutes:seconds, hours:minutes:seconds, and the same after days-.
TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<first>\d+)(?::(?P<second>\d+))?(?::(?P<third>\d+))?")
MEMORY = re.compile(r"\d+([KMGT]B?)?", re.IGNORECASE)
DURATION = re.compile(r"\d+:\d\d:\d\d:\d\d")  # of Lightning


def check_times(config: DictConfig) -> None:
    """Refuse times that neither Lightning nor Slurm can read, and a size of memory that Slurm cannot.

    Raises:
        UserError: With the form of the key.
    """
    for name in ("max_time", "val_check_interval"):
        value = config.trainer.get(name)
        if isinstance(value, str) and not DURATION.fullmatch(value):
            raise UserError(
                f"trainer.{name} must be written as days:hours:minutes:seconds, such as 00:12:00:00, but got {value}. "
                "Change it."
            )
    cluster = config.cluster
    if (time := cluster.get("time")) is not None and not TIME.fullmatch(str(time)):
        raise UserError(
            f"cluster.time must be written as Slurm does, such as 30 (minutes), 04:00:00 or 2-12:00:00, but got "
            f"{time}. Change it."
        )
    if (memory := cluster.get("memory")) is not None and not MEMORY.fullmatch(str(memory)):
        raise UserError(
            f"cluster.memory must be written as Slurm does, such as 64G, but got {memory}. Change it."
        )
