"""Whether a promise held."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from groundwork.evaluate.calibrate import Unseen
from groundwork.evaluate.promise import Promised, describe_promise, draws, make_promise, promise_note
from groundwork.evaluate.promised import Given, coverage, kept_note, measure_promise
from groundwork.train.served import Served

ZEROS = np.zeros(40, dtype=np.int64)


def test_chance_is_that_of_a_binomial_whose_share_the_calibration_rows_left_open():
    covered = np.arange(50) < 40
    found = coverage(covered, 0.9, 29)  # the 27th of 29 scores: a share of Beta(27, 3)
    grid = (np.arange(20_000) + 0.5) / 20_000
    assert found["chance"] == pytest.approx(
        np.mean(binom.cdf(40, 50, grid) * beta.pdf(grid, 27, 3)), rel=1e-3
    )
    assert (found["coverage"], found["n"]) == (0.8, 50)
    assert found["low"] < 0.8 < found["high"]


@pytest.mark.parametrize(("hits", "said"), [(36, "held"), (34, "within chance"), (15, "broken")])
def test_a_promise_is_held_short_by_chance_or_broken(hits: int, said: str):
    target = np.zeros((40, 1))
    found = Unseen(np.zeros((39, 1)), np.arange(39.0)[:, None], np.arange(39), "val")
    names = np.arange(39).astype(str)
    promised = make_promise(Served(conformal=0.9), found, (), names, ZEROS[:39], None, (target, target))
    ends = np.where(np.arange(40)[:, None] < hits, 1.0, -1.0)
    given = Given(None, np.full((40, 1), -2.0), ends)
    kept = measure_promise(promised, 0.9, given, target, ZEROS, (), ("y",), None)
    assert (kept["promise"], kept["coverage"]) == (said, hits / 40)
    described = describe_promise(promised, "val", (), None, True, True)
    assert "also chose" in promise_note(described)
    assert "groups" in promise_note(described)
    assert {"held": "held", "within chance": "fell short", "broken": "was broken"}[said] in kept_note(
        kept, described
    )


def test_a_promise_comes_back_from_its_plain_state():
    rng = np.random.default_rng(0)
    value, target = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    found = Unseen(value, target, np.arange(40), "val")
    names = np.arange(40).astype(str)
    asked = Served(conformal=0.9, score="normalized")
    made = make_promise(asked, found, (), names, ZEROS, None, (value, target))
    back = Promised.of({"promise": made.state()})
    assert back is not None
    assert Promised.of({}) is None
    for ours, theirs in zip(
        made.promise.intervals(value[None], ZEROS), back.promise.intervals(value[None], ZEROS), strict=True
    ):
        assert ours.tolist() == theirs.tolist()


def test_the_name_of_a_sample_alone_draws_its_share():
    found = draws([f"{number}.png" for number in range(2000)])
    assert found.tolist()[:5] == draws([f"{number}.png" for number in range(5)]).tolist()
    assert (found.min() >= 0, found.max() < 1, abs(found.mean() - 0.5) < 0.03) == (True, True, True)
