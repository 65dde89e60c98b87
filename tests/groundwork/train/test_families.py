"""Every scenario on every family of backbones: what is frozen keeps its bits, what trains moves."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.weights import network_state

FAMILIES = ("test_resnet", "test_efficientnet", "test_vit", "test_convnext", "mobilenetv3_small_050")
pytestmark = pytest.mark.weekly


@pytest.fixture(params=FAMILIES)
def words(request: pytest.FixtureRequest, tmp_path: Path, image_folder: Path) -> list[str]:
    torch.manual_seed(0)
    state = timm.create_model(request.param, pretrained=False).state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "weights.safetensors")
    return [
        "data=image_folder", f"data.root={image_folder}", "data.image_size=64", "data.batch_size=8",
        "model=timm", f"model.name={request.param}", f"model.pretrained={tmp_path / 'weights.safetensors'}",
        "task=classification", "trainer=cpu", "execution=plain", "trainer.max_epochs=2", "metrics.resamples=2",
        "optim.lr=1e-2",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip


def trained(tmp_path: Path, words: list[str], *more: str) -> dict[str, torch.Tensor]:
    assert start(compose_run([*words, *more])) == 0
    return network_state(load(RunFolder.find("latest", tmp_path / "runs").best))


def moved(tmp_path: Path, state: dict[str, torch.Tensor]) -> list[str]:
    """Name the tensors of the backbone that differ from the file of weights; its positions may be resized."""
    before = load_file(tmp_path / "weights.safetensors")
    own = {name.removeprefix("backbone.model."): value for name, value in state.items() if "backbone" in name}
    return [
        name
        for name, value in own.items()
        if value.shape == before[name].shape and not torch.equal(value, before[name])
    ]


@pytest.mark.parametrize("scenario", ["small_similar", "small_different"])
def test_a_frozen_backbone_keeps_every_bit(tmp_path: Path, words: list[str], scenario: str):
    assert moved(tmp_path, trained(tmp_path, words, f"transfer={scenario}")) == []


@pytest.mark.parametrize("scenario", ["large_similar", "large_different"])
def test_a_trained_backbone_moves(tmp_path: Path, words: list[str], scenario: str):
    names = moved(tmp_path, trained(tmp_path, words, f"transfer={scenario}"))
    assert any(name.endswith("weight") for name in names)
    if scenario == "large_similar":  # LP-FT keeps the statistics that BatchNorm was trained with
        assert not any("running" in name for name in names)


def test_cached_features_train_the_head_that_the_whole_network_trains(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
):
    own = ("transfer=small_similar", "transfer.solver=sgd")
    cached = trained(tmp_path, words, *own)
    monkeypatch.setattr("groundwork.train.model.read_features", lambda *_: None)
    through = trained(tmp_path, words, *own)
    for name in ("head.linear.weight", "head.linear.bias"):
        torch.testing.assert_close(cached[name], through[name], atol=1e-5, rtol=0)
        assert cached[name].abs().max() > 1e-3
