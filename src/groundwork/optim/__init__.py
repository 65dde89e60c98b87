"""network -> optimizer -> schedule of its rates."""

from groundwork.optim.choice import optimizer_factory, schedule_factory
from groundwork.optim.optimizer import OWN_KEYS, OptimizerFactory, parameter_groups, timm_optimizer
from groundwork.optim.plugged import AnySchedule, Paced, TimmSchedule
from groundwork.optim.schedule import Constant, Cosine, OneCycle, Plateau

__all__ = [
    "OWN_KEYS",
    "AnySchedule",
    "Constant",
    "Cosine",
    "OneCycle",
    "OptimizerFactory",
    "Paced",
    "Plateau",
    "TimmSchedule",
    "optimizer_factory",
    "parameter_groups",
    "schedule_factory",
    "timm_optimizer",
]
