"""Runs of one process share what they have in common, and nothing else."""

from groundwork.launch.config.compose import compose_run
from groundwork.train.share import MOST, data_key, once, sharing


def test_what_is_shared_is_computed_once():
    calls = []
    with sharing():
        assert [once("a", lambda: calls.append(1) or len(calls)) for _ in range(3)] == [1, 1, 1]


def test_a_run_alone_shares_nothing():
    calls = []
    assert [once("a", lambda: calls.append(1) or len(calls)) for _ in range(3)] == [1, 2, 3]


def test_what_was_not_used_for_longest_goes():
    with sharing():
        for number in range(MOST + 1):
            once(number, lambda number=number: number)
        assert once(0, lambda: "anew") == "anew"
        assert once(MOST, lambda: "anew") == MOST


def test_what_is_used_again_and_again_stays():
    with sharing():
        once("data", lambda: "read")
        for number in range(3 * MOST):
            once(number, lambda number=number: number)
            assert once("data", lambda: "anew") == "read"


def test_the_key_of_data_follows_the_data_and_not_the_training():
    key = data_key(compose_run(["data=digits"]).config)
    assert data_key(compose_run(["data=digits", "optim.lr=0.5", "seed=3"]).config) == key
    for word in ("data.image_size=16", "split.seed=1", "subset=stratified", "normalize=train"):
        extra = ["subset.size=100"] if word.startswith("subset") else []
        assert data_key(compose_run(["data=digits", word, *extra]).config) != key, word
