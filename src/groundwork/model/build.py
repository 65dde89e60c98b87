"""A configuration and what the data told -> a network, the same in training, test and prediction."""

from collections.abc import Sequence
from typing import Any

import torch
from hydra.utils import get_object
from omegaconf import DictConfig
from torch import nn

from groundwork.core.choice import build
from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.model.beside import ColumnEncoder
from groundwork.model.network import Network
from groundwork.model.normalize import ImageNormalize, TableNormalize
from groundwork.model.plain import as_backbone, taken
from groundwork.model.pool import KINDS, StagePool


def build_network(
    config: DictConfig, data: dict[str, Any], pretrained: bool, reads: tuple[Sequence[int], str] | None
) -> Network:
    """Build the network of a run.

    Args:
        config: The resolved configuration.
        data: What `Prepared.describe` gives, and `backbone` where it is that of a run of one's own.
        pretrained: Load the weights that the configuration names; False where a checkpoint follows.
        reads: Stages that the head reads, and their pooling; None reads the last stage. The backbone ends after
            the deepest of them.
    """
    if config.model.kind != data["kind"]:
        raise UserError(
            f"model={config.model.name} must fit the data, but reads a {config.model.kind} and the data is of kind "
            f"{data['kind']}. Choose {'efficientnet_lite0 or timm' if data['kind'] == 'image' else 'mlp or tabm'}."
        )
    normalize: nn.Module
    if data["kind"] == "image":
        backbone, normalize = _image_parts(config, data, pretrained)
    else:
        columns = data["columns"]["columns"]
        table = TableNormalize({column["name"]: column for column in columns})
        num_numeric, cardinalities = table.num_numeric, table.cardinalities
        rows = torch.zeros(2, num_numeric + len(cardinalities))
        told = {"num_numeric": num_numeric, "cardinalities": cardinalities, "bins": table.bins}
        backbone = _backbone(config, rows, **told, num_rows=data.get("num_rows", 1))
        if hasattr(backbone, "show_counts"):
            backbone.show_counts(table.counts)
        normalize = table
    if kept := data.get("backbone"):
        backbone.prune(kept["stages"] - 1)
    stages, pool = reads or ((backbone.num_stages - 1,), "mean")
    backbone.prune(max(stages))
    stage_pool = StagePool(tuple(stages), KINDS[pool])
    num_features = stage_pool.num_features(backbone.channels, backbone.spatial)
    columns = build_columns(data)
    num_features += 0 if columns is None else columns.num_features
    head = build_head(config, data, num_features, getattr(backbone, "num_members", 1))
    return Network(normalize, backbone, stage_pool, head, columns)


def build_columns(data: dict[str, Any]) -> ColumnEncoder | None:
    """Build what reads the columns beside images; None where there are none."""
    beside = data["kind"] == "image" and data.get("columns")
    return ColumnEncoder(data["columns"]["columns"]) if beside else None


def build_head(
    config: DictConfig, data: dict[str, Any], num_features: int, num_members: int = 1
) -> nn.Module:
    """Build the head that the task names, with what the data tell: its classes, or its targets and their range.

    Args:
        num_features: Of all networks that the backbone holds side by side.
        num_members: How many those are.
    """
    target = data["target"]
    given: dict[str, Any] = {"num_features": num_features, "dropout": config.model.dropout}
    given |= {"num_members": num_members} if num_members > 1 else {}
    if target["classes"]:
        given["num_classes"] = len(target["classes"])
    elif target.get("task") == "multilabel":
        given["num_labels"] = len(target["names"])
    else:
        given |= {"num_targets": len(target["names"]), "center": data["center"], "scale": data["scale"]}
        given |= {"target_scale": data["target_scale"]} if data.get("target_scale") else {}
    # a loss may come with a head of its own, which keeps what the task says of any other head
    own = (getattr(config, "loss", None) or {}).get("head")
    node = {**config.task.head, **own} if own else config.task.head
    head: nn.Module = instantiate(node, **given, _convert_="all")
    return head


def _image_parts(config: DictConfig, data: dict[str, Any], pretrained: bool) -> tuple[Any, ImageNormalize]:
    image = data["image"]
    channels, height, _ = image["shape"]
    # Grey images are repeated over the three channels of a pretrained first layer.
    usual = 3 if channels == 1 and config.model.pretrained else channels
    in_chans = data["backbone"]["in_chans"] if data.get("backbone") else usual
    weights = config.model.pretrained if pretrained else False
    images = torch.zeros(2, in_chans, *image["shape"][1:])
    told = {"in_chans": in_chans, "image_size": height, "pretrained": weights, "hub": data.get("hub")}
    backbone = _backbone(config, images, **told)
    mean, std = image["mean"] or backbone.mean, image["std"] or backbone.std
    if mean is None or std is None:
        raise UserError(
            f"normalize=backbone must find mean and std, but {config.model.name} has none. Use normalize=train, "
            "or give the class the two attributes."
        )
    return backbone, ImageNormalize(mean, std, in_chans)


def _backbone(config: DictConfig, inputs: torch.Tensor, **told: Any) -> Any:
    """Build the backbone that is named, and tell it of the data what its class takes, or take a module of one's own.

    Args:
        inputs: Two samples as it reads them.
        told: What the data and the configuration say of it.
    """
    node = config.model.backbone
    if isinstance(node, nn.Module):
        return as_backbone(node, inputs)
    given = taken(get_object(node._target_), **told)
    if told.get("pretrained") and "pretrained" not in given:
        raise UserError(
            f"model.pretrained must be false, because {node._target_} takes no argument `pretrained`, but got "
            f"{told['pretrained']}. Set model.pretrained=false, or load weights in the class."
        )
    return as_backbone(build(node, **given), inputs)
