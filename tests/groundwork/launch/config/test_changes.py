"""What was set otherwise than an experiment, or a choice of data, has it."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from groundwork.launch.config.changes import _remembered, changes
from groundwork.launch.config.compose import compose_run

DERIVED = {"task": "classification", "model": "efficientnet_lite0", "transfer": None}


def found(*words: str) -> dict[str, list[object]]:
    return changes(compose_run(words).choose(**DERIVED), DERIVED)


def test_an_experiment_as_it_stands_differs_in_nothing():
    assert found("experiment=solar_cells", "paths.runs=/somewhere/else") == {}


def test_a_key_stands_beside_the_value_of_the_experiment():
    own = compose_run(["experiment=solar_cells"]).config.data.batch_size
    assert found("experiment=solar_cells", "data.batch_size=7", "seed=3") == {
        "data.batch_size": [own, 7],
        "seed": [0, 3],
    }


def test_another_option_is_said_once_and_its_own_keys_are_compared_with_itself():
    told = found("experiment=solar_cells", "optim=sgd", "optim.lr=0.5")
    assert told["optim"] == ["adamw", "sgd"]
    assert told["optim.lr"][1] == 0.5
    assert set(told) == {"optim", "optim.lr"}


def test_a_group_of_ones_own_is_compared_too(tmp_path: Path):
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "owl.yaml").write_text("wings: 2\n", encoding="utf-8")
    told = found(f"hydra.searchpath=[{tmp_path}]", "data=image_folder", "+zoo=owl", "+zoo.eyes=2")
    assert told == {"zoo": [None, "owl"], "zoo.eyes": [None, 2]}


def test_data_of_ones_own_is_compared_with_its_plain_choice():
    told = found("data=image_folder", "data.root=birds", "split=random")
    assert told["split"] == ["stratified", "random"]
    assert told["data.root"][0] is None
    assert set(told) == {"split", "data.root"}


def test_what_a_run_is_compared_with_is_composed_anew_only_where_a_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file, composed = tmp_path / "own.yaml", []
    file.write_text("a: 1")
    monkeypatch.setattr("groundwork.launch.config.changes.CONF", tmp_path)

    def compose(overrides: Sequence[str]) -> int:
        composed.append(overrides)
        return len(composed)

    def found(*words: str) -> int:
        return _remembered(compose, words)

    assert [found("a=1"), found("a=1"), found("a=2"), found("a=1")] == [1, 1, 2, 1]
    os.utime(file, ns=(0, 0))
    assert found("a=1") == 3
    assert [found("hydra.searchpath=[x]"), found("hydra.searchpath=[x]")] == [4, 5]
