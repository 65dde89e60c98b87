"""pixels or columns -> features by stage -> logits or values."""

from groundwork.model import lean  # isort: skip  # noqa: F401  # first, before anything imports timm
from groundwork.model.adapters import adapt, adaptable, merge
from groundwork.model.autocast import autocast_to, evaluating, predict_batch
from groundwork.model.backbone import TimmBackbone
from groundwork.model.embed import PeriodicNumbers, complete_embeddings
from groundwork.model.fuse_conv_bn import fuse_conv_bn, fusing_pays
from groundwork.model.head import ClassificationHead, MultilabelHead, RegressionHead
from groundwork.model.hub import read_hub, stated_license
from groundwork.model.initialize import initialize
from groundwork.model.mlp import MLP
from groundwork.model.network import Network
from groundwork.model.normalize import ImageNormalize, MapInput, TableNormalize
from groundwork.model.ordinal import OrdinalHead
from groundwork.model.plain import PlainBackbone, as_backbone, taken
from groundwork.model.pool import StagePool
from groundwork.model.quantile import QuantileHead
from groundwork.model.recompute import recompute_activations
from groundwork.model.scale import TargetScale
from groundwork.model.staged import Backbone, FeatureBackbone
from groundwork.model.tabm import TabM, tabm_size
from groundwork.model.views import view
from groundwork.model.weights import weights_hash

__all__ = [
    "MLP",
    "Backbone",
    "ClassificationHead",
    "FeatureBackbone",
    "ImageNormalize",
    "MapInput",
    "MultilabelHead",
    "Network",
    "OrdinalHead",
    "PeriodicNumbers",
    "PlainBackbone",
    "QuantileHead",
    "RegressionHead",
    "StagePool",
    "TabM",
    "TableNormalize",
    "TargetScale",
    "TimmBackbone",
    "adapt",
    "adaptable",
    "as_backbone",
    "autocast_to",
    "complete_embeddings",
    "evaluating",
    "fuse_conv_bn",
    "fusing_pays",
    "initialize",
    "merge",
    "predict_batch",
    "read_hub",
    "recompute_activations",
    "stated_license",
    "tabm_size",
    "taken",
    "view",
    "weights_hash",
]
