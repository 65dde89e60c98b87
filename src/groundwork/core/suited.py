"""Which loss belongs to which task."""

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
