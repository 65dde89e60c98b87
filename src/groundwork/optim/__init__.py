"""network -> optimizer -> schedule of its rates."""

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
    "parameter_groups",
    "timm_optimizer",
]
