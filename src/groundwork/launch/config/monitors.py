"""`monitor` and the task of a configuration -> nothing, or the line that says what can be monitored."""

from collections.abc import Collection

from omegaconf import DictConfig

from groundwork.core.directions import MEASURED, bare_name, measured_as, named_direction
from groundwork.core.errors import UserError
from groundwork.core.suited import ORDERED, QUANTILE, check_loss_metric
from groundwork.launch.config.hints import metric_of
from groundwork.train.custom import custom_parts

OURS = f"{__name__.partition('.')[0]}.metrics."


def check_monitors(config: DictConfig) -> None:
    """Refuse what no metric of the task is called, for the run, its metrics and its callbacks.

    Raises:
        UserError: With the name of the same metric here, or what can be monitored.
    """
    extra = config.metrics.get("extra") or {}
    for key, monitor in (("monitor", config.monitor), ("metrics.monitor", config.metrics.get("monitor"))):
        if monitor not in (None, "auto"):
            _check_monitor(key, str(monitor), config, extra)
    if any(part.startswith("task.module=") for part in custom_parts(config)):
        return  # a task of the user's may log by any name
    for entry, node in config.callbacks.items():
        monitor = node.get("monitor") if isinstance(node, DictConfig) else None
        if not isinstance(monitor, str) or monitor.startswith(("val/", "train/")):
            continue
        name = monitor if monitor in extra or named_direction(monitor) else metric_of(monitor)
        if name:
            raise UserError(
                f"callbacks.{entry}.monitor={monitor} is not logged here. Use callbacks.{entry}.monitor=val/{name}."
            )


def _check_monitor(key: str, monitor: str, config: DictConfig, extra: Collection[str]) -> None:
    name = bare_name(monitor)
    if name in extra or monitor in extra:
        return
    if known := metric_of(monitor):
        raise UserError(f"{key}={monitor} is not a metric here. Use {key}={known}.")
    if name in (*ORDERED, *QUANTILE):
        check_loss_metric(config.loss.name, monitor, key)
    target = str(config.metrics.get("_target_") or OURS)  # auto has none yet
    if not target.startswith(OURS):
        return
    task = (config.data.get("task") or "auto") if config.task.name == "auto" else config.task.name
    measured = (
        () if target.endswith(".OwnMetrics") else MEASURED.get(task, frozenset().union(*MEASURED.values()))
    )
    if name != "loss" and measured_as(name) not in measured:
        of = f" of task={task}" if task in MEASURED and measured else ""
        raise UserError(
            f"{key}={monitor} is not a metric{of}. Choose one of: {', '.join(sorted({'loss', *extra, *measured}))}."
        )
