"""What may race, and what it costs."""

from pathlib import Path

import pytest
import torch
from torch import nn

from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.model import Network, StagePool, as_backbone
from groundwork.train.advice.price import (
    Entry,
    adapts,
    admitted,
    budget_reason,
    entries,
    longest,
    minutes_allowed,
    price_line,
    settled,
)
from groundwork.transfer.plan import check_budget


def test_the_budget_follows_from_what_the_frozen_head_took():
    assert minutes_allowed("auto", 5.0) == 1.0
    assert minutes_allowed("auto", 100.0) == pytest.approx(5.0)
    assert minutes_allowed(20, 100.0) == 20.0
    assert minutes_allowed(None, 100.0) is None


@pytest.mark.parametrize("budget", ["auto", None, 5, 0.5])
def test_a_budget_is_auto_null_or_minutes(budget: object):
    check_budget(budget)


@pytest.mark.parametrize("budget", [0, -1, "five", True, float("nan"), float("inf")])
def test_any_other_budget_is_refused_in_one_line(budget: object):
    with pytest.raises(
        UserError, match=r"transfer\.budget must be auto, null or a number of minutes above 0"
    ):
        check_budget(budget)


@pytest.mark.parametrize(("word", "budget"), [("auto", "auto"), ("null", None), ("5", 5)])
def test_a_budget_is_parsed_as_typed(word: str, budget: object):
    config = compose_run(["data=digits", "transfer=auto", f"transfer.budget={word}"]).config
    assert config.transfer.budget == budget


def test_a_whole_run_may_take_half_of_the_budget():
    every = [Entry("large_similar", 0, 1.0, 31.0), Entry("large_different", 0, 1.0, 29.0)]
    fits, left_out = admitted(every, 1.0, tunes=False)
    assert [each.scenario for each in fits] == ["large_different"]
    assert [each.scenario for each in left_out] == ["large_similar"]
    assert admitted(every, None, tunes=False) == (every, [])


def test_a_race_of_three_takes_less_than_its_budget_whatever_goes_on():
    # All to 1/8, two to 1/4, one to the end: (3 + 2 + 2 + 4) / 8 of a run of 30 s.
    assert longest([Entry("large_similar", 0, 1.0, 30.0)] * 3) == pytest.approx(30 * (3 + 2 + 2 + 4) / 8)


def test_rates_race_where_there_is_time_for_them():
    one = [Entry("large_similar", 0, 1.0, 30.0)]
    assert [each.rate for each in admitted(one, 1.0, tunes=True)[0]] == [1.0, 3.0]
    assert [each.rate for each in admitted(one, 1.0, tunes=False)[0]] == [1.0]
    # Five that may take 30 s each would take (5 + 3 + 2 * 2 + 4) / 8 * 30 = 60 s, and six 64 s.
    three = [
        Entry("large_similar", 0, 1.0, 30.0),
        Entry("large_different", 0, 1.0, 30.0),
        Entry("lora", 0, 1.0, 30.0),
    ]
    assert [each.rate for each in admitted(three, 1.0, tunes=True)[0]] == [1.0, 1.0, 1.0, 3.0, 0.3]
    assert [each.rate for each in admitted(three, None, tunes=True)[0]][3:] == [3.0, 0.3, 3.0]


def test_adapters_race_where_a_backbone_has_layers_for_them_and_nothing_contradicts():
    assert [each.scenario for each in entries(5, True)][-1] == "lora"
    assert "lora" not in [each.scenario for each in entries(5, False)]
    lora = compose_run(["data=digits", "transfer=lora"]).config

    def network(*layers: nn.Module) -> Network:
        backbone = as_backbone(nn.Sequential(*layers), torch.zeros(1, 3, 8, 8))
        return Network(nn.Identity(), backbone, StagePool((0,), ("mean",)), nn.Identity())

    single = network(nn.Conv2d(3, 4, 1), nn.ReLU())
    assert adapts(single, lora)
    assert not adapts(network(nn.Conv2d(3, 4, 3), nn.ReLU()), lora)
    for word in ("loss.l2_sp=0.1", "transfer.phases=[{train: all, share: 1, lr: 1, layer_decay: 1}]"):
        assert not adapts(single, compose_run(["data=digits", "transfer=lora", word]).config)


def test_prices_are_settled_once_so_that_a_run_that_was_stopped_races_the_same(tmp_path: Path):
    every = [Entry("lora", 0, 1.0, 12.5), Entry("large_similar", 2)]
    assert settled(tmp_path / "race", lambda: (None, every)) == (None, every)
    assert settled(tmp_path / "race", lambda: (1.0, [])) == (None, every)


def test_what_is_not_tried_is_named_with_its_price():
    prices = [("transfer=large_similar", 34 * 60.0), ("transfer=large_different", 45.0)]
    assert price_line(prices, budget_reason(1.0)) == (
        "not tried, since a whole run may take half of transfer.budget, which is 1 min. To try it: "
        "transfer=large_similar (about 34 min here), or transfer=large_different (about 45 s here)"
    )
    assert price_line(prices[1:], "val has 9 rows") == (
        "not tried, since val has 9 rows. To try it: transfer=large_different (about 45 s here)"
    )


def test_an_entry_names_the_words_that_run_it():
    config = compose_run(["data=digits", "transfer=large_similar", "optim.lr=1e-3"]).config
    entry = Entry("large_similar", 3, 3.0)
    own = entry.config(lambda _: config)
    assert (own.transfer.frozen, own.optim.lr) == (3, pytest.approx(3e-3))
    assert entry.name(own) == "transfer=large_similar transfer.frozen=3 optim.lr=0.003"
    assert config.transfer.frozen == 0
    assert [each.frozen for each in entries(5, False)] == [0, 3, 0]
    assert [each.frozen for each in entries(2, False)] == [0, 0]
