import json
import logging
import sys
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired

import numpy as np
import pytest

from groundwork.core.lock import locked
from groundwork.evaluate.ledger import (
    append_test,
    count_configurations,
    fingerprint,
    keep_rows,
    ledger_path,
    read_ledger,
    row_names,
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
    "execution": {"memory_format": "contiguous", "threads": 2},
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
        ("split.seed", 1),
        ("data.root", "/b"),
        ("data.reader.root", "/b"),
        ("callbacks.order.seed", 9),
        ("trainer.devices", 8),
        ("paths.runs", "/elsewhere"),
        ("logger.upload", ["metrics"]),
        ("cluster.jobs", 4),
        ("execution.memory_format", "channels_last"),
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
        ("split.k", 4),
        ("trainer.max_epochs", 11),
    ],
)
def test_what_it_is_makes_a_new_configuration(path, value):
    assert fingerprint(changed(path, value)) != fingerprint(CONFIG)


def test_the_order_of_keys_does_not_matter():
    assert fingerprint(dict(reversed(CONFIG.items()))) == fingerprint(CONFIG)


def names(rows, root="/birds", content=None, named_by_content=False):
    content = [f"pixels of {root} {row}" for row in rows] if content is None else content
    return row_names(Path(root), [f"{row}.png" for row in rows], content, named_by_content=named_by_content)


def seal(runs, lr=0.1, seed=0, split_hash="abc", rows=range(10), config=None):
    config = (changed("optim.lr", lr) if config is None else config) | {"seed": seed}
    kept = keep_rows(runs, rows if isinstance(rows, np.ndarray) else names(rows))
    return append_test(
        runs, split_hash, kept, run_id=f"run{seed}", config=config, checkpoint_hash="c0ffee", seed=seed
    )


def test_seeds_count_once_and_other_rows_count_apart(tmp_path):
    assert [seal(tmp_path, seed=seed) for seed in range(3)] == [1, 1, 1]
    assert seal(tmp_path, lr=0.3) == 2
    assert seal(tmp_path, split_hash="def", rows=range(10, 20)) == 1
    assert count_configurations(tmp_path, "abc", keep_rows(tmp_path, names(range(10)))) == 2
    assert count_configurations(tmp_path, "nobody", None) == 0


def test_five_learning_rates_on_five_folds_of_the_same_test_rows_are_five(tmp_path):
    sealed = [
        seal(
            tmp_path,
            lr=lr,
            split_hash=f"fold {fold}",
            config=changed("split.fold", fold) | {"optim": {"lr": lr}},
        )
        for fold, lr in enumerate((0.1, 0.2, 0.3, 0.4, 0.5))
    ]
    assert sealed == [1, 2, 3, 4, 5]


def test_an_official_test_part_is_one_whatever_draws_val(tmp_path):
    sealed = [
        seal(tmp_path, split_hash=f"seed {seed}", config=changed("split.seed", seed) | {"optim": {"lr": lr}})
        for seed, lr in ((0, 0.1), (1, 0.2), (2, 0.3), (3, 0.3))
    ]
    assert sealed == [1, 2, 3, 3]


def test_one_row_in_common_is_enough(tmp_path):
    assert seal(tmp_path, lr=0.1, split_hash="a", rows=range(10)) == 1
    assert seal(tmp_path, lr=0.2, split_hash="b", rows=range(9, 20)) == 2
    assert seal(tmp_path, lr=0.3, split_hash="c", rows=range(10, 20)) == 2
    assert seal(tmp_path, lr=0.4, split_hash="d", rows=range(20, 30)) == 1


def test_rows_are_known_by_place_and_name_or_by_content(tmp_path):
    rows = range(10)
    assert seal(tmp_path, lr=0.1, split_hash="a", rows=names(rows)) == 1
    other_size = names(rows, content=[f"at 64 pixels {row}" for row in rows])
    assert seal(tmp_path, lr=0.2, split_hash="b", rows=other_size) == 2
    moved = names(rows, root="/moved", content=[f"pixels of /birds {row}" for row in rows])
    # The first by content; the second shares neither.
    assert seal(tmp_path, lr=0.3, split_hash="c", rows=moved) == 2
    strange = names(rows, root="/other")
    assert seal(tmp_path, lr=0.4, split_hash="d", rows=strange) == 1
    # The name of a table's row says what it holds, wherever the table lies and whatever columns are read.
    first = names(rows, "/a.csv", [f"all columns {row}" for row in rows], named_by_content=True)
    again = names(rows, "/b.csv", [f"two columns {row}" for row in rows], named_by_content=True)
    assert [seal(tmp_path, lr=lr, split_hash=f"t{lr}", rows=r) for lr, r in ((0.1, first), (0.2, again))] == [
        1,
        2,
    ]


def test_entries_from_before_rows_were_kept_go_on_counting(tmp_path):
    old = {"time": "then", "run_id": "r", "configuration": "0123456789abcdef", "split_hash": "abc", "seed": 0}
    ledger_path(tmp_path, "abc").parent.mkdir(parents=True)
    ledger_path(tmp_path, "abc").write_text(
        json.dumps(old | {"checkpoint_hash": ""}) + "\n", encoding="utf-8"
    )
    assert count_configurations(tmp_path, "abc", None) == 1
    assert seal(tmp_path) == 2
    assert count_configurations(tmp_path, "abc", None) == 2


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
    append_test(Path(sys.argv[1]), "abc", "none", run_id="r", config=config, checkpoint_hash="", seed=0)
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
    assert count_configurations(tmp_path, "abc", None) == len(read_ledger(tmp_path, "abc")) == 100


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
