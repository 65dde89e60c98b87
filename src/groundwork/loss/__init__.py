"""output, target -> one loss per sample; weights -> one penalty."""

from groundwork.loss.classification import CrossEntropy, Focal, Ordinal
from groundwork.loss.labels import BinaryCrossEntropy
from groundwork.loss.penalty import Penalty
from groundwork.loss.quantile import Quantile
from groundwork.loss.regression import MAE, MSE, Huber

__all__ = [
    "MAE",
    "MSE",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "Huber",
    "Ordinal",
    "Penalty",
    "Quantile",
]
