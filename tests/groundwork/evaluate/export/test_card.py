"""The model card says what is known of licences, and leaves the rest to whoever passes the model on."""

import pytest

from groundwork.evaluate.export.limits import TO_FILL, licences


def test_the_licence_of_weights_of_a_hub_is_that_of_their_card():
    config = {"model": {"name": "hf-hub:a/b", "pretrained": True}}
    assert (
        licences(config, {"license": "mit"})[-1]
        == "Pretrained weights of hf-hub:a/b: mit, as their card states."
    )
    assert licences(config, {"license": None})[-1] == f"Pretrained weights of hf-hub:a/b: {TO_FILL}."


@pytest.mark.parametrize(
    ("name", "stated"),
    [("tf_efficientnet_lite0", "apache-2.0"), ("convnextv2_tiny.fcmae", "cc-by-nc-4.0")],
)
def test_the_licence_of_weights_that_timm_knows_is_stated(name: str, stated: str):
    config = {"model": {"name": name, "pretrained": True}}
    assert licences(config, None)[-1] == f"Pretrained weights of {name}: {stated}, as timm states."


@pytest.mark.parametrize("hub", [None, {"license": "mit"}])
def test_weights_of_a_file_or_a_run_have_no_licence_that_is_known(hub: dict[str, str] | None):
    config = {"model": {"name": "resnet18", "pretrained": "weights.safetensors"}}
    assert licences(config, hub)[-1] == f"Pretrained weights of resnet18: {TO_FILL}."


def test_a_network_of_ones_own_has_none_either():
    config = {"model": {"name": "mine", "pretrained": True}}
    assert licences(config, None)[-1] == f"Pretrained weights of mine: {TO_FILL}."
