"""What makes no sense to search over is refused before any data is touched."""

from typing import Any

import pytest

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import Composition, compose_run
from groundwork.launch.search import check as search_check
from groundwork.launch.search.check import (
    check_installed,
    check_numbers,
    check_space,
    is_exact,
    trial_overrides,
)
from groundwork.launch.search.space import Space

EXACT = ["data=solar_cells", "task=classification", "transfer=small_similar", "model=efficientnet_lite0"]
RANGE = {"low": 0.001, "high": 0.1}


def check(base: Composition, space: dict[str, Any], typed: list[str] | None = None) -> None:
    check_space(Space(space, base.choices), base, typed or [])


@pytest.fixture(scope="module")
def exact() -> Composition:
    return compose_run(EXACT)


def test_a_learning_rate_has_no_effect_on_a_head_that_is_solved(exact: Composition):
    with pytest.raises(UserError, match=r"optim\.lr must have an effect.*exact"):
        check(exact, {"optim.lr": RANGE})


def test_it_has_one_where_the_same_search_also_trains(exact: Composition):
    check(
        exact,
        {
            "transfer.solver": {"choices": ["sgd", "exact"]},
            "optim.lr": RANGE | {"when": {"transfer.solver": "sgd"}},
        },
    )


def test_strengths_have_no_effect_on_a_head_that_is_trained():
    base = compose_run([*EXACT, "transfer.solver=sgd"])
    with pytest.raises(UserError, match=r"transfer\.strengths.*sgd"):
        check(base, {"transfer.strengths": {"choices": [[1.0], [2.0]]}})


def test_a_frozen_backbone_has_no_rates_by_layer():
    with pytest.raises(UserError, match=r"layer_decay"):
        check(compose_run([*EXACT, "transfer.solver=sgd"]), {"optim.layer_decay": {"low": 0.5, "high": 1.0}})


def test_rates_have_an_effect_after_an_exact_head():
    assert not is_exact(compose_run([*EXACT[:2], "transfer=large_similar", EXACT[3]]).config)
    assert is_exact(compose_run(EXACT).config)


@pytest.mark.parametrize(
    "key", ["name", "paths.runs", "logger.group", "seed", "split.seed", "monitor", "metrics.resamples"]
)
def test_luck_names_and_measures_are_not_searched_over(exact: Composition, key: str):
    with pytest.raises(UserError, match="must not be searched over"):
        check(exact, {key: {"choices": [1, 2]}})


def test_a_key_is_searched_over_or_set_by_hand(exact: Composition):
    with pytest.raises(UserError, match="both"):
        check(exact, {"transfer.cut": {"choices": ["last", "auto"]}}, ["transfer.cut=last"])


def test_a_misspelt_key_or_option_is_noticed_at_once(exact: Composition):
    with pytest.raises(UserError, match=r"Did you mean transfer\.cut"):
        check(exact, {"transfer.cutt": {"choices": ["last", "auto"]}})
    with pytest.raises(UserError, match="balance=heavy"):
        check(exact, {"balance": {"choices": ["none", "heavy"]}})


def test_the_scenario_must_be_chosen_first():
    with pytest.raises(UserError, match=r"advise\.py"):
        check(compose_run(["data=solar_cells", "transfer=auto"]), {"model.dropout": RANGE})


@pytest.mark.parametrize(
    "word", ["search.trials=0", "search.workers=0", "search.workers=two", "search.lease=-1"]
)
def test_numbers_that_no_search_can_have(word: str):
    with pytest.raises(UserError, match=word.partition("=")[0]):
        check_numbers(compose_run(["data=diabetes", "search=mlp", word]).config.search)


def test_optuna_that_is_absent_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(search_check.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="uv sync --extra search"):
        check_installed()


def test_values_take_the_place_of_words(exact: Composition):
    found = trial_overrides(exact, {"transfer": "large_similar", "optim.lr": 0.5})
    assert found == [EXACT[0], EXACT[1], EXACT[3], "transfer=large_similar", "optim.lr=0.5"]


def test_a_key_that_the_space_lacks_is_added_by_a_plus():
    with pytest.raises(UserError, match=r"\+search\.space="):
        compose_run(["data=diabetes", "search=mlp", "search.space={optim.eps: {low: 1e-9, high: 1e-7}}"])
    added = compose_run(["data=diabetes", "search=mlp", "+search.space={optim.eps: {low: 1e-9, high: 1e-7}}"])
    assert "optim.eps" in added.config.search.space
