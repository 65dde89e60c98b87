"""A data module that is not of this package -> what a network must know of its data."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from groundwork.core.batch import TaskName
from groundwork.core.errors import UserError
from groundwork.task.outputs import as_batch


def foreign_info(data: Any, kind: TaskName, num_classes: int | None) -> dict[str, Any]:
    """Read off the first training batch what a network must know; floats are taken as normalized already.

    Args:
        data: The data module; its `num_classes` or `classes` tell the classes, `info` all.
        kind: Of problem.
        num_classes: None asks the data module.

    Raises:
        UserError: If nobody tells the number of classes, or batches are not pairs of tensors.
    """
    known = getattr(data, "info", None)
    if isinstance(known, Mapping) and "target" in known:
        return dict(known)
    if data is None:
        raise UserError("a task must see its data before it is built. Pass datamodule=, or the task's info=.")
    batch = as_batch(next(iter(data.train_dataloader())), 0)
    info: dict[str, Any] = {"target": {"task": kind, "names": [], "classes": []}, **_inputs(batch.inputs)}
    if kind == "classification":
        classes = [str(name) for name in getattr(data, "classes", ())]
        number = num_classes or getattr(data, "num_classes", None) or len(classes)
        if not number:
            raise UserError(
                f"a ClassificationTask must know the number of classes, but {type(data).__name__} does not tell it. "
                "Give num_classes to either."
            )
        info["target"]["classes"] = classes if len(classes) == number else list(map(str, range(number)))
    else:
        number = 1 if batch.target.ndim == 1 else batch.target.shape[1]
        info["target"]["names"] = [f"target_{place}" for place in range(number)]
        if kind == "regression":
            info |= {"center": [0.0] * number, "scale": [1.0] * number}
    return info


def _inputs(inputs: Tensor) -> dict[str, Any]:
    """Describe images (B, C, H, W) or rows (B, D) that need no normalization; whole numbers are pixels."""
    if inputs.ndim == 4:
        floats = inputs.is_floating_point()
        mean, std = ([0.0], [1.0]) if floats else (None, None)
        shape = list(inputs.shape[1:])
        return {
            "kind": "image",
            "image": {"shape": shape, "dtype": str(inputs.dtype), "mean": mean, "std": std},
        }
    if inputs.ndim != 2:
        raise UserError(
            f"inputs must be images (B, C, H, W) or rows (B, D), but got {tuple(inputs.shape)}. Reshape them."
        )
    column = {
        "kind": "numeric",
        "fill": 0.0,
        "indicator": False,
        "center": 0.0,
        "scale": 1.0,
        "categories": [],
    }
    return {
        "kind": "table",
        "columns": {"columns": [{"name": str(place), **column} for place in range(inputs.shape[1])]},
    }
