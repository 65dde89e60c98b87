"""Configurations, overrides and checkpoints of the first edition are read under today's names."""

import inspect
from pathlib import Path
from typing import Any

import lightning
import pytest
import yaml
from omegaconf import OmegaConf

from groundwork.core.older import (
    RENAMED,
    as_first_edition,
    hint,
    renamed,
    translated_checkpoint,
    translated_config,
    translated_override,
    without_new,
)
from groundwork.core.paths import CONF

OLD = Path(__file__).parents[2] / "first_edition" / "runs" / "stopped" / "run" / "config.yaml"


def old() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(OLD.read_text(encoding="utf-8"))
    return content


def test_every_key_of_an_old_configuration_has_a_place_today():
    config = old()
    config["callbacks"] |= {"patience": 3, "ema": 0.9, "extra": {"mine": {"_target_": "birds.Mine"}}}
    config["trainer"] |= {"accumulate": 4, "memory_format": "contiguous"}
    found = translated_config(config)
    assert found["callbacks"]["early_stopping"] == {
        "_target_": "groundwork.train.EarlyStopping",
        "min_delta": 0.0,
        "patience": 3,
    }
    assert found["callbacks"]["ema"]["decay"] == 0.9
    assert found["callbacks"]["mine"] == {"_target_": "birds.Mine"}
    assert found["trainer"]["accumulate_grad_batches"] == 4
    assert found["execution"]["memory_format"] == "contiguous"
    known = {*inspect.signature(lightning.Trainer).parameters, "_target_", "val_every_n_steps"}
    assert set(found["trainer"]) <= known
    assert all(node["_target_"] for node in found["callbacks"].values())


def test_todays_configuration_stays_and_the_way_back_is_the_same():
    config = translated_config(old())
    assert translated_config(config) == config
    then = as_first_edition(config)
    assert then["trainer"] == old()["trainer"]
    assert then["callbacks"] == old()["callbacks"]
    assert "execution" not in then


def test_a_budget_that_nobody_set_leaves_a_sweep_as_the_first_edition_knew_it():
    today = {key: value for key, value in translated_config(old()).items() if not key.startswith("pilot")}
    today["transfer"]["budget"] = "auto"
    then = as_first_edition(today)
    assert (then["pilot"], then["pilot_epochs"]) == (False, 3)
    assert "budget" not in then["transfer"]
    limited = translated_config(old())
    limited["transfer"]["budget"] = 5
    assert as_first_edition(limited)["transfer"]["budget"] == 5


@pytest.mark.parametrize(
    ("override", "today"),
    [
        ("trainer.accumulate=4", "trainer.accumulate_grad_batches=4"),
        ("callbacks.ema=0.9", "callbacks.ema.decay=0.9"),
        ("+callbacks.extra.lr={_target_: birds.Lr}", "+callbacks.lr={_target_: birds.Lr}"),
        ("callbacks.ema.decay=0.9", "callbacks.ema.decay=0.9"),
        ("callbacks.ema={_target_: birds.Mean}", "callbacks.ema={_target_: birds.Mean}"),
        ("data.root='a=b'", "data.root='a=b'"),
        ("optim=sgd", "optim=sgd"),
    ],
)
def test_an_override_gets_todays_name(override: str, today: str):
    assert translated_override(override) == today


def test_an_old_key_is_answered_by_the_new_one_in_one_line():
    for key, new in RENAMED.items():
        assert renamed(key) == new
        assert new in (hint(key) or "")
        assert hint(new) is None
    assert "callbacks.NAME" in (hint("callbacks.extra") or "")


def test_patience_goes_on_where_an_old_checkpoint_left_it():
    states: dict[str, Any] = {"KeepBestAndLast": {"best_value": -75.0, "best_epoch": 3, "waited": 2}}
    found = translated_checkpoint({"callbacks": states})["callbacks"]
    assert found["EarlyStopping"] == {"waited": 2, "best": -75.0}


def test_keys_that_change_nothing_leave_the_name_of_a_configuration():
    now = {"data": {"rare_below": None, "drop_samples": None}, "suspects": False, "predict": {"views": 2}}
    assert without_new(now) == {"data": {}, "predict": {"views": 2}}
    served = OmegaConf.to_container(OmegaConf.load(CONF / "predict" / "default.yaml"))
    assert without_new({"data": {"drop_samples": "a.csv"}, "predict": served}) == {
        "data": {"drop_samples": "a.csv"}
    }
