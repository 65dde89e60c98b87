"""pixels or columns -> features by stage -> logits or values."""

from groundwork.model import lean  # isort: skip  # noqa: F401  # first, before anything imports timm
from groundwork.model.backbone import TimmBackbone
from groundwork.model.embed import PeriodicNumbers
from groundwork.model.fold import fold_batch_norm, folding_pays
from groundwork.model.head import ClassificationHead, RegressionHead
from groundwork.model.initialize import initialize
from groundwork.model.lower import evaluating, lowered, predict_batch
from groundwork.model.mlp import MLP
from groundwork.model.network import Backbone, FeatureBackbone, Network
from groundwork.model.normalize import ImageNormalize, MapInput, TableNormalize
from groundwork.model.pool import StagePool
from groundwork.model.recompute import recompute_activations
from groundwork.model.weights import weights_hash

__all__ = [
    "MLP",
    "Backbone",
    "ClassificationHead",
    "FeatureBackbone",
    "ImageNormalize",
    "MapInput",
    "Network",
    "PeriodicNumbers",
    "RegressionHead",
    "StagePool",
    "TableNormalize",
    "TimmBackbone",
    "evaluating",
    "fold_batch_norm",
    "folding_pays",
    "initialize",
    "lowered",
    "predict_batch",
    "recompute_activations",
    "weights_hash",
]
