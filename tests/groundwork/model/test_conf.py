"""Every model of `conf/` that needs no download is built as `train` builds it, and trains."""

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from torch import nn

from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.launch.config.own_hydra import HABITS
from groundwork.model import ClassificationHead, Network, StagePool

# Networks of one's own, such as `plain` names, need no more than forward: see test_plain.py and tests/test_conf.py.
NAMES = sorted(
    path.stem
    for path in (CONF / "model").glob("*.yaml")
    if "_target_: groundwork.model." in path.read_text(encoding="utf-8")
)


def read(name: str) -> DictConfig:
    overrides = ["model.name=test_resnet"] if name == "timm" else []
    with initialize_config_dir(str(CONF), **HABITS):
        return compose(f"model/{name}", overrides)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_trains_under_the_contract(name: str) -> None:
    config = read(name)
    torch.manual_seed(0)
    if config.model.kind == "image":
        given = {"in_chans": 3, "image_size": 64, "pretrained": False}
        inputs = torch.randn(4, 3, 64, 64)
    else:
        given = {"num_numeric": 2, "cardinalities": (3,)}
        given |= {"bins": [[0.0, 0.5, 2.0], [-1.0, 1.0]], "num_rows": 4} if name == "tabm" else {}
        inputs = torch.tensor([[0.1, 0.2, 0], [1.0, -1.0, 1], [0.0, 0.5, 2], [2.0, 1.0, 0]])
    backbone = instantiate(config.model.backbone, **given)
    pool = StagePool((backbone.num_stages - 1,), ("mean",))
    head = ClassificationHead(pool.num_features(backbone.channels, backbone.spatial), 2, config.model.dropout)
    network = Network(nn.Identity(), backbone, pool, head).train()
    nn.init.normal_(head.linear.weight)
    nn.functional.cross_entropy(network(inputs), torch.tensor([0, 1, 0, 1])).backward()
    assert all(parameter.grad is not None for parameter in network.parameters() if parameter.requires_grad)
    assert set(network.parameter_layers()) == {name for name, _ in network.named_parameters()}
    assert network.no_weight_decay() <= set(network.parameter_layers())
    assert len(network.eval().stages(inputs)) == backbone.num_stages == len(backbone.stage_modules())


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_the_arguments(name: str) -> None:
    model = OmegaConf.to_container(read(name).model, resolve=True)
    given = model["backbone"].items()
    assert all(model[key] == value for key, value in given if key != "_target_")
    assert model["backbone"]["_target_"].startswith("groundwork.model.")
