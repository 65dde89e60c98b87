"""Every file of conf/ is what its schema says, and what is misspelt or of another type is not."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator
from omegaconf import OmegaConf

from groundwork.core.paths import CONF, ROOT
from groundwork.launch.config.schema import PLACE, serialize, whole_schema
from groundwork.launch.config.signatures import FILE, signatures_of_conf

WHOLE = whole_schema()
OTHERS = ("local", "wandb_sweep")  # of this machine alone, and what W&B reads: no choices of a run
FILES = sorted(path.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml") if path.stem not in OTHERS)


def wrong(group: str, content: Any) -> list[str]:
    schema = {"$ref": f"#/definitions/{group}", "definitions": WHOLE["definitions"]}
    return [error.message for error in Draft7Validator(schema).iter_errors(content)]


@pytest.mark.parametrize("file", FILES)
def test_every_file_keeps_to_its_schema(file: str):
    content = OmegaConf.to_container(OmegaConf.load(CONF / file), resolve=False)
    assert wrong(file.partition("/")[0].removesuffix(".yaml"), content) == []


def test_the_schemas_that_editors_read_are_those_of_today():
    """Where conf/ has changed: uv run scripts/schema.py. A project that has written none has nothing to keep."""
    stored = PLACE / "conf.json"
    assert not stored.exists() or stored.read_text(encoding="utf-8") == serialize(WHOLE)


def test_the_signatures_that_every_run_reads_are_those_of_today():
    """Where conf/ or what it names has changed: uv run scripts/schema.py."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    signatures, packages = signatures_of_conf()
    assert stored["targets"].keys() == signatures.keys()
    other_version = {
        package for package, number in packages.items() if stored["packages"].get(package) != number
    }
    today = {
        target: known for target, known in signatures.items() if target.partition(".")[0] not in other_version
    }
    assert {target: stored["targets"][target] for target in today} == today


def test_every_group_is_known_to_the_editor():
    settings = json.loads((ROOT / ".vscode" / "settings.json").read_text(encoding="utf-8"))["yaml.schemas"]
    groups = {name for name in WHOLE["definitions"] if not name.endswith(".keys")}
    assert {file.removeprefix("./.vscode/schema/").removesuffix(".json") for file in settings} == groups


@pytest.mark.parametrize(
    ("group", "content"),
    [
        ("loss", {"defaults": ["_penalty", "_self_"], "name": "focal", "gama": 2.0}),
        ("loss", {"name": "focal", "function": {"_target_": "groundwork.loss.Focal", "gama": 2.0}}),
        ("optim", {"_target_": "torch.optim.AdamW", "momentums": 0.9}),
        ("optim", {"lr": "high"}),
        ("trainer", {"max_epochs": "many"}),
        ("transfer", {"defaults": ["small_similar"], "cutt": "last"}),
        ("experiment", {"defaults": [{"override /data": "digts"}]}),
        ("experiment", {"optim": {"lr": True}}),
        ("experiment", {"optimizer": {"lr": 0.1}}),
    ],
)
def test_what_is_misspelt_or_of_another_type_is_told(group: str, content: dict[str, Any]):
    assert wrong(group, content)


def test_what_a_key_means_and_may_be_comes_from_comment_annotation_and_docstring():
    keys = WHOLE["definitions"]["loss.keys"]["properties"]
    assert "spread over all classes" in keys["label_smoothing"]["description"]
    assert {"type": "number"} in [
        {key: value for key, value in one.items() if key == "type"}
        for one in keys["label_smoothing"]["anyOf"]
    ]
    decision = WHOLE["definitions"]["task.keys"]["properties"]["decision"]
    assert {"enum": ["round", "value"]} in decision["anyOf"]
    own = {"name": "x", "function": {"_target_": "birds.Loss", "anything": 1}}
    assert wrong("loss", own) == []
