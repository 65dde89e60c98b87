"""network -> optimizer -> schedule of its rates."""

from groundwork.optim.optimizer import SGD, AdamW, parameter_groups
from groundwork.optim.schedule import Constant, Cosine, OneCycle, Plateau

__all__ = ["SGD", "AdamW", "Constant", "Cosine", "OneCycle", "Plateau", "parameter_groups"]
