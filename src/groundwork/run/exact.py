"""A configuration -> whether the head of a run has an exact solution on cached features."""

from hydra.utils import get_object, instantiate
from omegaconf import DictConfig

from groundwork.loss import MSE, CrossEntropy
from groundwork.run.config.own import own_parts
from groundwork.transfer import Plan

EXACT_LOSSES = (CrossEntropy, MSE)


def why_not_exact(config: DictConfig, plan: Plan) -> str | None:
    """Say in one line why the head can't be solved exactly on cached features; None where it can."""
    loss, head = config.loss, config.model
    smoothed = loss.get("label_smoothing", 0.0) > 0
    if plan.solver == "sgd":
        return "transfer.solver=sgd asks for it"
    if not any(phase.train == "head" for phase in plan.phases):
        return "no phase trains the head alone"
    if instantiate(config.augment).active:
        return "augment shows every image anew"
    if instantiate(config.balance).resamples:
        return "balance draws the rows of each epoch anew"
    if parts := own_parts(config):
        return f"{', '.join(parts)} may be anything, also not linear"
    if get_object(loss.function._target_) not in EXACT_LOSSES or smoothed:
        return f"loss={loss.name}{' with label smoothing' if smoothed else ''} has no exact solution here"
    if loss.l1 or loss.l2:
        return "loss.l1 and loss.l2 are penalties of their own"
    if head.dropout:
        return f"model.dropout={head.dropout} is random"
    if config.task.get("activation", "none") != "none":
        return f"task.activation={config.task.activation} is not linear"
    return None
