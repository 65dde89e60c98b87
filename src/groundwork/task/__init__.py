"""network, loss, metrics -> a LightningModule per kind of problem."""

from groundwork.task.base import Task
from groundwork.task.classification import ClassificationTask
from groundwork.task.multilabel import MultilabelTask
from groundwork.task.outputs import Outputs
from groundwork.task.regression import RegressionTask

__all__ = ["ClassificationTask", "MultilabelTask", "Outputs", "RegressionTask", "Task"]
