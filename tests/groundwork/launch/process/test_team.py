"""Ranks train one network together: the same run on any number of them, and the death of one is told."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import OmegaConf

from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT
from groundwork.core.ranks import from_first, in_turns, is_first, world_size
from groundwork.core.run_folder import RunFolder
from groundwork.launch.process.team import _tell, needs_team, num_devices, rank_log
from groundwork.train.checkpoint import load

TRAIN = [sys.executable, str(ROOT / "scripts" / "train.py")]


def trainer(**keys: object) -> object:
    return OmegaConf.create({"trainer": {"accelerator": "cpu", "devices": 1, "num_nodes": 1, **keys}})


def test_one_process_is_the_first_of_one():
    assert is_first()
    assert world_size() == 1
    with in_turns():
        assert from_first(lambda: 3) == 3


def test_devices_are_a_number_or_all_that_are_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    assert num_devices(trainer(devices="auto").trainer) == 1
    assert num_devices(trainer(devices="auto", accelerator="auto").trainer) == 3
    assert num_devices(trainer(devices=5).trainer) == 5
    with pytest.raises(UserError, match="at least 1"):
        num_devices(trainer(devices=0).trainer)
    with pytest.raises(UserError, match="the 3 GPUs"):
        num_devices(trainer(devices=4, accelerator="gpu").trainer)


def test_processes_that_were_started_must_be_those_that_are_configured(monkeypatch: pytest.MonkeyPatch):
    assert not needs_team(trainer())
    assert needs_team(trainer(devices=2))
    with pytest.raises(UserError, match="every machine"):
        needs_team(trainer(devices=2, num_nodes=2))
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert not needs_team(trainer(devices=2, num_nodes=2))
    assert not needs_team(trainer(devices="auto"))
    with pytest.raises(UserError, match="the 4 processes"):
        needs_team(trainer(devices=2))


def test_the_rank_that_died_first_is_told_not_those_that_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    folder = RunFolder(tmp_path)
    folder.write_json("result.json", {"status": "failed", "error": "Connection closed by peer"})
    rank_log(folder, 1).write_text("Traceback ...\nValueError: a bad row\n", encoding="utf-8")
    rank_log(folder, 2).write_text("Gloo: [gloo/transport] Connection reset\n", encoding="utf-8")
    assert _tell(folder, [1, 1, 1]) == 1
    assert folder.read_json("result.json")["error"] == "rank 1: ValueError: a bad row"
    assert "Traceback" in capsys.readouterr().err
    assert _tell(folder, [1, 1, -9]) == 1
    assert folder.read_json("result.json")["error"] == "rank 2: killed by signal 9"


def words(tmp_path: Path, table: Path, *more: str) -> list[str]:
    return [
        "data=table", f"data.table={table}", "data.target=price", "data.drop=[dear]", "trainer.accelerator=cpu",
        "model=mlp", "model.dropout=0", "metrics.resamples=20", "trainer.max_epochs=2",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}", *more,
    ]  # fmt: skip


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)


@pytest.mark.slow
def test_one_two_and_four_ranks_train_the_same_network(tmp_path: Path, table: Path):
    found = {}
    for devices in (1, 2, 4):
        own = [f"name=ranks-{devices}", f"trainer.devices={devices}", f"data.batch_size={32 // devices}"]
        ended = run([*TRAIN, *words(tmp_path, table, "trainer=ddp", *own)])
        assert ended.returncode == 0, ended.stderr
        folder = RunFolder(next((tmp_path / "runs" / f"ranks-{devices}").iterdir()))
        found[devices] = folder
        assert len(pd.read_csv(folder.history)) == 2
    first = found[1]
    for devices in (2, 4):
        folder = found[devices]
        own, other = (load(one.last)["state_dict"] for one in (folder, first))
        for name, value in own.items():
            torch.testing.assert_close(value, other[name], rtol=1e-4, atol=1e-5)
        pd.testing.assert_frame_equal(
            pd.read_csv(folder.history), pd.read_csv(first.history), rtol=1e-4, check_exact=False
        )
        val, known = (pd.read_parquet(one.predictions("val")) for one in (folder, first))
        assert val.sample_id.tolist() == known.sample_id.tolist()
        np.testing.assert_allclose(val.prediction, known.prediction, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "own",
    [
        ["loss=quantile", "data.target=[price,weight]", "monitor=pinball_loss"],
        ["loss=ordinal", "data.target=dear", "data.drop=[price]", "data.classes=[no,yes]"],
    ],
    ids=["quantile", "ordinal"],
)
def test_losses_with_heads_of_their_own_train_the_same_network_on_two_ranks(
    tmp_path: Path, table: Path, own: list[str]
):
    found = []
    for devices in (1, 2):
        ranks = ["trainer=ddp", f"trainer.devices={devices}", f"data.batch_size={32 // devices}"]
        ended = run([*TRAIN, *words(tmp_path, table, *ranks, f"name=ranks-{devices}", *own)])
        assert ended.returncode == 0, ended.stderr
        found.append(RunFolder(next((tmp_path / "runs" / f"ranks-{devices}").iterdir())))
    one, two = (load(folder.last)["state_dict"] for folder in found)
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], rtol=1e-4, atol=1e-5)
    one, two = (pd.read_csv(folder.history) for folder in found)
    pd.testing.assert_frame_equal(one, two, rtol=1e-4, check_exact=False)


@pytest.mark.slow
def test_a_multirun_over_the_number_of_devices_is_correct(tmp_path: Path, table: Path):
    own = words(tmp_path, table, "trainer=ddp", "trainer.devices=1,2,1", "name=sweep")
    ended = run([*TRAIN, "-m", *own])
    assert ended.returncode == 0, ended.stderr + ended.stdout
    folders = [RunFolder(path) for path in sorted((tmp_path / "runs" / "sweep").iterdir())]
    assert sorted(folder.config.trainer.devices for folder in folders) == [1, 1, 2]
    results = {folder.config.trainer.devices: folder.read_json("result.json") for folder in folders}
    assert all(result["status"] == "done" for result in results.values())
    ones = [load(folder.best)["state_dict"] for folder in folders if folder.config.trainer.devices == 1]
    assert all(torch.equal(value, ones[1][name]) for name, value in ones[0].items())
    two = next(folder for folder in folders if folder.config.trainer.devices == 2)
    assert "2 devices x batch" in two.log.read_text(encoding="utf-8")
    steps = {folder.config.trainer.devices: pd.read_csv(folder.history).step.max() for folder in folders}
    assert steps[2] == pytest.approx(steps[1] / 2, abs=1)


def process_of_rank(rank: int, folder: Path) -> int | None:
    """Find a rank among the processes of this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, variables = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words and f"RANK={rank}".encode() in variables.split(b"\0"):
            return int(process.name)
    return None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's list of processes")
def test_one_dead_rank_ends_the_run_with_its_name(tmp_path: Path, table: Path):
    own = words(tmp_path, table, "trainer=ddp", "trainer.devices=2", "trainer.max_epochs=100000", "name=dead")
    own += ["callbacks.early_stopping.patience=null"]
    process = subprocess.Popen([*TRAIN, *own], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "runs").glob("dead/*/history.csv")) and time.monotonic() < deadline:
        time.sleep(0.2)
    folder = RunFolder(next((tmp_path / "runs" / "dead").iterdir()))
    rank = process_of_rank(1, folder.path)
    assert rank is not None
    os.kill(rank, signal.SIGKILL)
    began = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - began < 60
    assert process.returncode == 1
    assert "rank 1: killed by signal 9" in said
    result = json.loads((folder.path / "result.json").read_text("utf-8"))
    assert (result["status"], result["error"]) == ("failed", "rank 1: killed by signal 9")
    assert process_of_rank(0, folder.path) is None


@pytest.mark.slow
def test_wrong_input_is_told_in_one_line_by_ranks_too(tmp_path: Path, table: Path):
    own = words(tmp_path, table, "trainer=ddp", "trainer.devices=2", "data.target=nope")
    done = subprocess.run([*TRAIN, *own], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: data.target must name a column")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "runs").exists()
