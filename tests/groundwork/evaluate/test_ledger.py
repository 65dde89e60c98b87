import json
import logging
import sys
from subprocess import PIPE, Popen, TimeoutExpired

import pytest

from groundwork.core.lock import locked
from groundwork.evaluate.ledger import (
    append_test,
    count_configurations,
    fingerprint,
    ledger_path,
    read_ledger,
)

CONFIG = {
    "seed": 0,
    "name": "birds",
    "tags": ["a"],
    "data": {"root": "/a", "image_size": 64, "reader": {"root": "/a", "flag": True}},
    "split": {"fold": 0, "seed": 0, "k": 5},
    "optim": {"lr": 0.1, "epochs": 3},
    "callbacks": {"order": {"seed": 0}},
    "trainer": {"devices": 1, "max_epochs": 10},
    "paths": {"runs": "/runs"},
    "logger": {"upload": []},
    "cluster": {"jobs": 1},
}


def changed(path, value):
    config = json.loads(json.dumps(CONFIG))
    *groups, key = path.split(".")
    node = config
    for group in groups:
        node = node[group]
    node[key] = value
    return config


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seed", 1),
        ("name", "other"),
        ("tags", []),
        ("split.fold", 3),
        ("data.root", "/b"),
        ("data.reader.root", "/b"),
        ("callbacks.order.seed", 9),
        ("trainer.devices", 8),
        ("paths.runs", "/elsewhere"),
        ("logger.upload", ["metrics"]),
        ("cluster.jobs", 4),
        ("optim.epochs", 3.0),
    ],
)
def test_where_when_and_by_which_seed_it_runs_is_no_new_configuration(path, value):
    assert fingerprint(changed(path, value)) == fingerprint(CONFIG)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("optim.lr", 0.2),
        ("data.image_size", 96),
        ("data.reader.flag", False),
        ("split.seed", 1),
        ("split.k", 4),
        ("trainer.max_epochs", 11),
    ],
)
def test_what_it_is_makes_a_new_configuration(path, value):
    assert fingerprint(changed(path, value)) != fingerprint(CONFIG)


def test_the_order_of_keys_does_not_matter():
    assert fingerprint(dict(reversed(CONFIG.items()))) == fingerprint(CONFIG)


def seal(runs, lr=0.1, seed=0, split_hash="abc"):
    config = changed("optim.lr", lr) | {"seed": seed}
    return append_test(
        runs, split_hash, run_id=f"run{seed}", config=config, checkpoint_hash="c0ffee", seed=seed
    )


def test_seeds_count_once_and_splits_count_apart(tmp_path):
    assert [seal(tmp_path, seed=seed) for seed in range(3)] == [1, 1, 1]
    assert seal(tmp_path, lr=0.3) == 2
    assert seal(tmp_path, split_hash="def") == 1
    assert count_configurations(tmp_path, "abc") == 2
    assert count_configurations(tmp_path, "nobody") == 0


def test_an_entry_says_what_was_tested_when(tmp_path):
    seal(tmp_path, seed=7)
    (entry,) = read_ledger(tmp_path, "abc")
    assert entry["time"].endswith("+00:00")
    assert {key: entry[key] for key in ("run_id", "checkpoint_hash", "split_hash", "seed")} == {
        "run_id": "run7",
        "checkpoint_hash": "c0ffee",
        "split_hash": "abc",
        "seed": 7,
    }


def test_a_torn_last_line_costs_nothing_but_itself(tmp_path, caplog):
    seal(tmp_path)
    path = ledger_path(tmp_path, "abc")
    path.write_bytes(path.read_bytes() + b'{"time": "20')
    assert seal(tmp_path, lr=0.3) == 2
    with caplog.at_level(logging.WARNING):
        assert len(read_ledger(tmp_path, "abc")) == 2
    assert "line 2 cannot be read" in caplog.text


APPEND = """
import sys
from pathlib import Path
from groundwork.evaluate.ledger import append_test
print("ready", flush=True)
for number in range(25):
    config = {"lr": [sys.argv[2], number]}
    append_test(Path(sys.argv[1]), "abc", run_id="r", config=config, checkpoint_hash="", seed=0)
"""
DIE = """
import os, sys
from pathlib import Path
from groundwork.core.lock import locked
with locked(Path(sys.argv[1])):
    os._exit(9)
"""


def start(code, *arguments):
    return Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=PIPE)


def lock_of(runs):
    return ledger_path(runs, "abc").with_suffix(".lock")


def test_several_processes_lose_no_entry(tmp_path):
    workers = [start(APPEND, tmp_path, number) for number in range(4)]
    for worker in workers:
        worker.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [0] * 4
    assert count_configurations(tmp_path, "abc") == len(read_ledger(tmp_path, "abc")) == 100


def test_nobody_writes_while_another_holds_the_lock(tmp_path):
    seal(tmp_path)
    with locked(lock_of(tmp_path)):
        worker = start(APPEND, tmp_path, 0)
        assert worker.stdout.readline().strip() == b"ready"
        with pytest.raises(TimeoutExpired):
            worker.wait(timeout=0.3)
        assert len(read_ledger(tmp_path, "abc")) == 1
    worker.communicate(timeout=60)
    assert len(read_ledger(tmp_path, "abc")) == 26


def test_a_process_that_dies_with_the_lock_leaves_it_free(tmp_path):
    seal(tmp_path)
    worker = start(DIE, lock_of(tmp_path))
    worker.communicate(timeout=60)
    assert worker.returncode == 9
    assert seal(tmp_path, lr=0.3) == 2
