from dataclasses import replace
from functools import cache

import pytest
from hydra import compose, initialize_config_dir

from groundwork.core.errors import UserError
from groundwork.core.instantiate import instantiate
from groundwork.core.paths import CONF
from groundwork.launch.config.own_hydra import HABITS
from groundwork.transfer import Phase, Plan

SCENARIOS = sorted(path.stem for path in (CONF / "transfer").glob("*.yaml"))


@cache
def _plan(name: str, *overrides: str) -> Plan:
    with initialize_config_dir(str(CONF), **HABITS):
        config = compose(f"transfer/{name}", overrides=list(overrides))
    plan = instantiate(config.transfer, _convert_="all")
    assert isinstance(plan, Plan)
    return plan


def _phase(train: object, share: float = 1.0) -> Phase:
    return Phase(train, share=share, lr=1.0, layer_decay=1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_opens_with_a_sentence_and_builds(name: str):
    first = (CONF / "transfer" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert f"train.py transfer={name}" in first
    assert _plan(name).phases


def test_the_scenarios_train_what_their_names_say():
    trained = {
        name: [phase.stages(4, _plan(name).frozen_stages(4)) for phase in _plan(name).phases]
        for name in SCENARIOS
    }
    everything = (0, 1, 2, 3)
    assert trained["small_similar"] == trained["small_different"] == [()]
    assert trained["large_similar"] == [(), everything]
    assert trained["large_different"] == trained["scratch"] == [everything]
    assert trained["gradual"] == [(), (3,), (2, 3), everything]
    assert [name for name in SCENARIOS if _plan(name).head_only] == [
        "auto",
        "small_different",
        "small_similar",
    ]
    assert not _plan("scratch").pretrained


def test_a_phase_is_overridden_on_the_command_line():
    assert _plan("large_similar", "transfer.phases.1.lr=0.05").phases[1].lr == 0.05


def test_frozen_stages_never_train_and_form_the_prefix():
    plan = _plan("gradual", "transfer.frozen=3")
    assert [phase.stages(5, plan.frozen_stages(5)) for phase in plan.phases] == [(), (4,), (3, 4), (3, 4)]
    assert plan.prefix(5) == 3
    assert _plan("small_similar").prefix(5) == 5


def test_a_list_of_stages_trains_exactly_those():
    assert _phase([3, -4]).stages(4) == (0, 3)
    with pytest.raises(UserError, match="stages below 4"):
        _phase(4).stages(4)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cut", "middle"),
        ("pool", "sum"),
        ("solver", "newton"),
        ("scenario", "tiny"),
        ("batch_norm", "off"),
        ("strengths", [0.0]),
        ("strengths", []),
        ("views", 3),
        ("frozen", "some"),
        ("frozen", -1),
        ("frozen", 1.5),
        ("frozen", True),
        ("phases", [_phase("head", 0.5)]),
        ("phases", [_phase("all")]),
        ("phases", []),
        ("folds", 0),
        ("folds", 2.5),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(key: str, value: object):
    with pytest.raises(UserError) as caught:
        replace(_plan("small_similar"), **{key: value})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert "transfer." in str(caught.value)


@pytest.mark.parametrize("change", [{"train": "tail"}, {"share": 0.0}, {"lr": 0.0}, {"layer_decay": 1.5}])
def test_a_wrong_phase_is_refused(change: dict[str, object]):
    with pytest.raises(UserError, match=r"transfer\.phases"):
        replace(_phase("head"), **change)  # type: ignore[arg-type]
