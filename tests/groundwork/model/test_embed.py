import math
from functools import partial

import torch

from groundwork.model import MLP, PeriodicNumbers
from groundwork.model.embed import Embeddings

ROWS = torch.tensor([[0.5, -1.0, 3.0, 9.0], [0.0, 2.0, 0.0, 1.0]])


def test_widths_follow_the_rule_of_thumb() -> None:
    # 1.6 * 4^0.56 = 3.48, 1.6 * 1000^0.56 = 76.5, at most 64
    tables = Embeddings(2, (4, 1000), 64, None).tables
    assert [tuple(table.weight.shape) for table in tables] == [(4, 3), (1000, 64)]


def test_numbers_stay_and_categories_are_looked_up() -> None:
    embed = Embeddings(2, (4, 10), 64, None)
    vectors = embed(ROWS)
    assert vectors.shape == (2, embed.num_features)
    assert torch.equal(vectors[:, :2], ROWS[:, :2])
    assert torch.equal(vectors[0, 2:5], embed.tables[0].weight[3])
    assert torch.equal(vectors[1, 5:], embed.tables[1].weight[1])


def test_waves_are_their_formula() -> None:
    torch.manual_seed(0)
    numbers = PeriodicNumbers(2, num_frequencies=3, frequency_scale=0.5, width=4)
    got = numbers(ROWS[:, :2])
    for row in range(2):
        for column in range(2):
            angle = 2 * math.pi * numbers.frequency[column] * ROWS[row, column]
            waves = torch.cat([torch.cos(angle), torch.sin(angle)])
            vector = torch.relu(waves @ numbers.weight[column] + numbers.bias[column])
            torch.testing.assert_close(got[row, 4 * column : 4 * column + 4], vector)


def test_first_frequencies_have_the_asked_spread() -> None:
    torch.manual_seed(0)
    spread = PeriodicNumbers(50, 100, 0.3, 2).frequency.detach().std()
    assert abs(float(spread) - 0.3) < 0.01


def test_a_linear_model_on_waves_fits_a_bend_that_a_linear_model_can_not() -> None:
    torch.manual_seed(0)
    rows = torch.linspace(-2, 2, 200)[:, None]
    target = (rows.abs() < 0.5).float()
    waves = partial(PeriodicNumbers, num_frequencies=16, frequency_scale=0.5, width=16)
    error = {}
    for name, numbers in (("waves", waves), ("plain", None)):
        features = MLP(1, (), numbers, [], "relu", "none", 0.0, 64, "default")(rows)[-1].detach()
        design = torch.cat([features, torch.ones(200, 1)], dim=1)
        fitted = design @ torch.linalg.lstsq(design, target, driver="gelsd").solution
        error[name] = float((fitted - target).square().mean())
    assert error["plain"] > 0.15
    assert error["waves"] < 0.05


def test_a_table_without_numbers_needs_no_waves() -> None:
    waves = partial(PeriodicNumbers, num_frequencies=2, frequency_scale=0.5, width=4)
    assert Embeddings(0, (4, 10), 64, waves)(ROWS[:, 2:]).shape == (2, 3 + 6)


def test_frequencies_do_not_decay() -> None:
    waves = partial(PeriodicNumbers, num_frequencies=2, frequency_scale=0.5, width=4)
    model = MLP(2, (), waves, [3], "relu", "none", 0.0, 64, "default")
    assert model.no_weight_decay() == {"layers.0.numbers.frequency"}
    assert model.channels == (8, 3)


COUNTS = (0, 0, 6, 2)  # by code: missing, unseen, two known


def shown() -> Embeddings:
    torch.manual_seed(0)
    embed = Embeddings(1, (4,), 64, None)
    embed.show_counts([COUNTS])
    return embed


def rows_of(*codes: int) -> torch.Tensor:
    return torch.tensor([[0.5, float(code)] for code in codes])


def test_what_training_never_showed_gets_the_mean_weighted_by_rows() -> None:
    embed = shown().eval()
    weight = embed.tables[0].weight
    expected = 0.75 * weight[2] + 0.25 * weight[3]
    found = embed(rows_of(0, 1, 2, 3))[:, 1:]
    torch.testing.assert_close(found[:2], expected.expand(2, -1))
    assert torch.equal(found[2:], weight[2:])


def test_training_runs_as_if_nothing_had_been_counted() -> None:
    embed, plain = shown().train(), Embeddings(1, (4,), 64, None)
    plain.load_state_dict(embed.state_dict())
    assert torch.equal(embed(rows_of(0, 1, 2, 3)), plain(rows_of(0, 1, 2, 3)))
    assert set(embed.state_dict()) == {"tables.0.weight"}


def test_unknown_counts_and_empty_columns_change_nothing() -> None:
    for counts in ((), (0, 0, 0, 0)):
        embed = Embeddings(1, (4,), 64, None).eval()
        embed.show_counts([counts])
        assert torch.equal(embed(rows_of(0, 1))[:, 1:], embed.tables[0].weight[:2])
        assert not embed.complete()


def test_the_end_of_training_writes_the_mean_into_the_weights() -> None:
    embed = shown().eval()
    before, known = embed(rows_of(0, 1, 2, 3)), embed.tables[0].weight[2:].clone()
    assert embed.complete()
    assert torch.equal(embed.tables[0].weight[2:], known)
    plain = Embeddings(1, (4,), 64, None).eval()  # who knows no counts, as an old reader, predicts the same
    plain.load_state_dict(embed.state_dict())
    assert torch.equal(plain(rows_of(0, 1, 2, 3)), before)


def test_every_column_knows_where_its_vector_lies() -> None:
    embed = Embeddings(
        2, (4, 10), 64, partial(PeriodicNumbers, num_frequencies=2, frequency_scale=1.0, width=5)
    )
    spans = [list(embed.span(position)) for position in range(4)]
    assert [len(span) for span in spans] == [5, 5, 3, 6]
    assert [place for span in spans for place in span] == list(range(embed.num_features))
