"""A folder in the hub's layout: the same backbone as timm's own, its licence, and errors in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from timm.models._hub import save_for_hf

from groundwork.core.errors import UserError
from groundwork.model import TimmBackbone, read_hub
from groundwork.model.hub import FOLDER

OPTIONS: dict[str, Any] = {"in_chans": 3, "image_size": 64, "drop_path": 0.0, "init": "default"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = timm.create_model("test_vit", num_classes=7, img_size=64)
    save_for_hf(
        model,
        str(tmp_path),
        model_config={"license": "mit"},
        safe_serialization=True,
        model_args={"img_size": 64},
    )
    (tmp_path / "README.md").write_text("---\ntags: [timm]\nlicense: cc-by-nc-4.0\n---\n# A model\n")
    return tmp_path


def test_a_local_folder_gives_the_weights_that_it_holds_and_later_needs_no_folder(folder: Path):
    name = f"{FOLDER}{folder}"
    backbone = TimmBackbone(name, True, **OPTIONS).eval()
    theirs = timm.create_model(name, pretrained=True, num_classes=0).eval()
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(backbone(image)[-1], theirs(image))
    hub = read_hub(name)
    assert (hub["architecture"], hub["license"]) == ("test_vit", "cc-by-nc-4.0")
    json.dumps(hub)
    for file in folder.iterdir():
        file.unlink()
    again = TimmBackbone(name, False, hub=hub, **OPTIONS)
    again.load_state_dict(backbone.state_dict())
    assert (again.mean, again.std) == (backbone.mean, backbone.std)


def test_what_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    (folder / "README.md").write_text("no head")
    assert read_hub(f"{FOLDER}{folder}")["license"] == "apache-2.0"  # of config.json, as timm wrote it
    with pytest.raises(UserError, match=r"by its absolute path\. Write local-dir:/"):
        read_hub("local-dir:birds")
    with pytest.raises(
        UserError, match=r"must reach a config\.json in timm's layout, but Config file not found"
    ):
        read_hub(f"{FOLDER}{tmp_path / 'nowhere'}")

    def offline(*_: Any, **__: Any) -> None:
        raise ConnectionError("no route to the hub\nsecond line")

    monkeypatch.setattr("timm.models._hub.load_model_config_from_hf", offline)
    with pytest.raises(UserError, match=r"model.name=hf-hub:timm/x must reach .* no route to the hub. Check"):
        read_hub("hf-hub:timm/x")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model\.pretrained=true must reach timm's weights of test_vit"):
        TimmBackbone(f"{FOLDER}{folder}", True, **OPTIONS)
