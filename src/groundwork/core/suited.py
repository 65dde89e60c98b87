"""Which loss belongs to which task, and which metrics to which loss."""

from groundwork.core.directions import bare_name
from groundwork.core.errors import UserError

# Those of `conf/loss/`; a loss of the user's may belong to any task, and a task of the user's may take any loss.
LOSS_TASK = {
    "binary_cross_entropy": "multilabel",
    "cross_entropy": "classification",
    "focal": "classification",
    "ordinal": "classification",
    "mse": "regression",
    "mae": "regression",
    "huber": "regression",
    "quantile": "regression",
}
ORDERED = ("rank_mae", "quadratic_kappa")
QUANTILE = ("pinball_loss", "interval_coverage", "interval_width")
# Loss -> the metrics that it brings, and of what they are.
BROUGHT = {"ordinal": (ORDERED, "ordered classes"), "quantile": (QUANTILE, "quantiles")}


def check_loss_task(loss: str, task: str) -> None:
    """Refuse a loss of another task.

    Raises:
        UserError: With the task that it belongs to.
    """
    suited = LOSS_TASK.get(loss)
    if suited is not None and task in LOSS_TASK.values() and suited != task:
        raise UserError(
            f"loss={loss} must go with task={suited}, but the task is {task}. Change one of them."
        )


def check_loss_metric(loss: str | None, metric: str, key: str = "monitor") -> None:
    """Refuse a metric that another loss brings.

    Args:
        loss: Its name.
        metric: What `key` names.

    Raises:
        UserError: With the loss that brings it.
    """
    for name, (brought, what) in BROUGHT.items():
        if bare_name(metric) in brought and loss != name:
            raise UserError(f"{key}={metric} must go with {what}. Use loss={name}.")
