"""Three trials of a sweep in W&B's offline files, read back with W&B's own tool; a resumed trial stays one W&B run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from groundwork.core.paths import ROOT
from groundwork.core.run_folder import RunFolder

pytestmark = pytest.mark.slow
UPLOAD = ["metrics", "config", "curves", "splits", "checkpoints"]


def command(tmp_path: Path, table: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = [
        "data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "task=classification",
        "model=mlp", "trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=20", "logger=wandb",
        "logger.wandb.mode=offline", f"logger.wandb.upload=[{','.join(UPLOAD)}]", f"paths.runs={tmp_path / 'runs'}",
        f"paths.cache={tmp_path / 'cache'}", "name=three", *more,
    ]  # fmt: skip
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "train.py"), *words],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, encoding="utf-8", timeout=600,
    )  # fmt: skip


def read_back(folder: RunFolder) -> list[dict[str, Any]]:
    """Read every record of the one offline file of a run."""
    (file,) = folder.path.glob("wandb/offline-run-*/*.wandb")
    inspect = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(file)]
    told = subprocess.run(inspect, capture_output=True, encoding="utf-8", timeout=200, check=True).stdout
    return [json.loads(line) for line in told.splitlines()]


def test_each_of_three_trials_holds_config_metrics_group_and_artifacts(tmp_path: Path, table: Path):
    done = command(tmp_path, table, "-m", "seed=0,1,2")
    assert done.returncode == 0, done.stdout + done.stderr
    folders = [RunFolder(path) for path in sorted((tmp_path / "runs" / "three").iterdir())]
    assert len(folders) == 3
    seen = []
    for folder in folders:
        records = read_back(folder)
        (run,) = (record["run"] for record in records if record["type"] == "run")
        sent = run["config"]["update"]
        for record in records:
            if record["type"] == "config":
                sent |= record["config"].get("update", {})
        seen.append((run["run_id"], run["run_group"], run["job_type"], sent["seed"]))
        assert sent["optim"]["lr"] == folder.config.optim.lr
        assert run["run_id"] == folder.read_json("wandb.json")["id"]
        rows = [record["history"]["item"] for record in records if record["type"] == "history"]
        history = pd.read_csv(folder.history)
        for name in history.columns:
            logged = [row[name] for row in rows if name in row]
            if "/" in name and history[name].dtype.kind in "fiu":
                assert logged == pytest.approx(history[name].dropna().tolist()), name
        names = [record["artifact"]["name"] for record in records if record["type"] == "artifact"]
        assert {name.split("-")[0] for name in names} >= {"splits", "checkpoints"}
        shown = {name.split(".")[0] for row in rows for name in row}
        assert {"confusion/val", "figures/confusion_val"} & shown
    assert len({identity for identity, *_ in seen}) == 3
    assert {(kind, group == seen[0][1] and bool(group)) for _, group, kind, _ in seen} == {("trial", True)}
    assert sorted(seed for *_, seed in seen) == [0, 1, 2]
