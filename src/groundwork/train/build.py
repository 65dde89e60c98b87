"""A configuration and what the data told -> the network of a run, the same in training, test and prediction."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig
from torch import nn

from groundwork.core.errors import UserError
from groundwork.data import Normalize, Store, Stream
from groundwork.model import ImageNormalize, Network, StagePool, TableNormalize, as_backbone, taken
from groundwork.train.prepare import Prepared, train_statistics
from groundwork.train.warm import Warm, load_backbone
from groundwork.transfer import Candidate


def describe_data(config: DictConfig, prepared: Prepared, warm: Warm | None = None) -> dict[str, Any]:
    """Collect in plain types what a network must know of the data; the rest of the code reads this, not the data.

    Returns:
        kind, target (its state), and for images `image` (size (C, H, W), mean, std or None for the backbone's
        own), for tables `columns` (their state), for regression `center` and `scale` of each target on train;
        `backbone` (stages, in_chans) where it is that of a run of one's own.
    """
    described: dict[str, Any] = {"kind": prepared.samples.kind, "target": prepared.target.state()}
    if warm is not None:
        described["backbone"] = warm.describe()
    if isinstance(prepared.source, Store | Stream):
        mean, std = _image_statistics(config, prepared, warm)
        described["image"] = {
            "shape": list(prepared.source.shape),
            "dtype": str(prepared.source.dtype),
            "resize": config.data.resize,
            "window": None if config.data.get("window") is None else list(config.data.window),
            "mean": mean,
            "std": std,
        }
    else:
        assert prepared.columns is not None
        described["columns"] = prepared.columns.state()
        described["decimal"] = dict(prepared.samples.decimal)
    if prepared.target.task == "regression":
        values = prepared.targets("train").astype(np.float64)
        scale = np.nanstd(values, axis=0)
        described["center"] = np.nanmean(values, axis=0).tolist()
        described["scale"] = np.where(scale > 0, scale, 1.0).tolist()
    return described


def build_network(
    config: DictConfig, data: dict[str, Any], pretrained: bool, reads: tuple[Sequence[int], str] | None
) -> Network:
    """Build the network of a run.

    Args:
        config: The resolved configuration.
        data: See `describe_data`.
        pretrained: Load the weights that the configuration names; False where a checkpoint follows.
        reads: Stages that the head reads, and their pooling; None reads the last stage. The backbone ends after
            the deepest of them.
    """
    if config.model.kind != data["kind"]:
        raise UserError(
            f"model={config.model.name} must fit the data, but reads a {config.model.kind} and the data is of kind "
            f"{data['kind']}. Choose {'efficientnet_lite0 or timm' if data['kind'] == 'image' else 'mlp'}."
        )
    normalize: nn.Module
    if data["kind"] == "image":
        backbone, normalize = _image_parts(config, data, pretrained)
    else:
        columns = data["columns"]["columns"]
        table = TableNormalize({column["name"]: column for column in columns})
        backbone = _backbone(
            config,
            torch.zeros(2, table.num_numeric + len(table.cardinalities)),
            num_numeric=table.num_numeric,
            cardinalities=table.cardinalities,
        )
        if hasattr(backbone, "show_counts"):
            backbone.show_counts(table.counts)
        normalize = table
    if kept := data.get("backbone"):
        backbone.prune(kept["stages"] - 1)
    stages, pool = reads or ((backbone.num_stages - 1,), "mean")
    backbone.prune(max(stages))
    stage_pool = StagePool(tuple(stages), Candidate(tuple(stages), pool).kinds)
    num_features = stage_pool.num_features(backbone.channels, backbone.spatial)
    return Network(normalize, backbone, stage_pool, build_head(config, data, num_features))


def build_pretrained(config: DictConfig, data: dict[str, Any], warm: Warm | None) -> Network:
    """Build the network of a run with the weights that it starts from: those of a run of one's own, or any others."""
    network = build_network(config, data, warm is None, None)
    if warm is not None:
        load_backbone(network, warm)
    return network


def build_head(config: DictConfig, data: dict[str, Any], num_features: int) -> nn.Module:
    """Build the head that the task names, with what the data tell: its classes, or its targets and their range."""
    target = data["target"]
    given: dict[str, Any] = {"num_features": num_features, "dropout": config.model.dropout}
    if target["classes"]:
        given["num_classes"] = len(target["classes"])
    else:
        given |= {"num_targets": len(target["names"]), "center": data["center"], "scale": data["scale"]}
    head: nn.Module = instantiate(config.task.head, **given, _convert_="all")
    return head


def _image_parts(config: DictConfig, data: dict[str, Any], pretrained: bool) -> tuple[Any, ImageNormalize]:
    image = data["image"]
    channels, height, _ = image["shape"]
    # Grey images are repeated over the three channels of a pretrained first layer.
    usual = 3 if channels == 1 and config.model.pretrained else channels
    in_chans = data["backbone"]["in_chans"] if data.get("backbone") else usual
    weights = config.model.pretrained if pretrained else False
    backbone = _backbone(
        config,
        torch.zeros(2, in_chans, *image["shape"][1:]),
        in_chans=in_chans,
        image_size=height,
        pretrained=weights,
    )
    mean, std = image["mean"] or backbone.mean, image["std"] or backbone.std
    if mean is None or std is None:
        raise UserError(
            f"normalize=backbone must find mean and std, but {config.model.backbone._target_} has none. Use "
            "normalize=train, or give the class the two attributes."
        )
    return backbone, ImageNormalize(mean, std, in_chans)


def _backbone(config: DictConfig, inputs: torch.Tensor, **told: Any) -> Any:
    """Build the backbone, and tell it of the data what its class takes.

    Args:
        inputs: Two samples as it reads them.
        told: What the data and the configuration say of it.
    """
    node = config.model.backbone
    given = taken(get_object(node._target_), **told)
    if told.get("pretrained") and "pretrained" not in given:
        raise UserError(
            f"model.pretrained must be false, because {node._target_} takes no argument `pretrained`, but got "
            f"{told['pretrained']}. Set model.pretrained=false, or load weights in the class."
        )
    return as_backbone(instantiate(node, **given), inputs)


def _image_statistics(
    config: DictConfig, prepared: Prepared, warm: Warm | None
) -> tuple[list[float] | None, list[float] | None]:
    normalize: Normalize = instantiate(config.normalize)
    method = normalize.for_images(bool(config.model.pretrained))
    if method == "train":
        return train_statistics(prepared)
    if method == "backbone" and warm is not None:
        return warm.mean, warm.std
    return (None, None) if method == "backbone" else ([0.0], [1.0])
