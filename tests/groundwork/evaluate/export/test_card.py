"""The model card says what is known of licences, and leaves the rest to whoever passes the model on."""

from groundwork.evaluate.export.card import TO_FILL, _licences


def test_the_licence_of_weights_of_a_hub_is_that_of_their_card():
    config = {"model": {"name": "hf-hub:a/b", "pretrained": True}}
    assert (
        _licences(config, {"license": "mit"})[-1]
        == "Pretrained weights of hf-hub:a/b: mit, as their card states."
    )
    for hub in ({"license": None}, None):
        assert _licences(config, hub)[-1] == f"Pretrained weights of hf-hub:a/b: {TO_FILL}."
