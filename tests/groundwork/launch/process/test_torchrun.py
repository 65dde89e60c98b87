"""Ranks that torchrun started: a frozen backbone, a frozen prefix, the advice's choice and a run like another one."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from groundwork.core.paths import ROOT
from groundwork.core.run_folder import RunFolder

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.skipif(sys.platform == "win32", reason="torchrun needs libuv, which torch lacks on Windows"),
]


def torchrun(tmp_path: Path, *words: str) -> RunFolder:
    """Train on two ranks and return the folder that they share."""
    places = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d",
               "--rdzv-endpoint", "localhost:0", str(ROOT / "scripts" / "train.py")]  # fmt: skip
    before = set((tmp_path / "runs").glob("birds/*"))
    ended = subprocess.run(
        [*command, *words, *places, "name=birds"],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    (new,) = set((tmp_path / "runs").glob("birds/*")) - before
    folder = RunFolder(new)
    assert folder.read_json("result.json")["status"] == "done"
    assert "2 devices x batch" in folder.log.read_text(encoding="utf-8")
    return folder


def test_frozen_advised_and_like_another(tmp_path: Path, image_folder: Path):
    ranks = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.max_epochs=2", "metrics.resamples=20"]
    data = ["data=image_folder", f"data.root={image_folder}", "data.image_size=32", "data.batch_size=8", "model=timm",
            "model.name=test_resnet", "model.pretrained=false"]  # fmt: skip
    exact = torchrun(tmp_path, *ranks, *data, "transfer=small_similar", "trainer.devices=2")
    assert exact.read_json("result.json")["transfer"]["solver"] == "exact"
    val = pd.read_parquet(exact.predictions("val"))
    assert val.sample_id.is_unique
    assert len(val) == exact.read_json("result.json")["n"]["val"]
    advised = torchrun(tmp_path, *ranks, *data, "transfer=auto", "trainer.devices=2")
    assert advised.config.transfer.scenario != "auto"
    tail = ["transfer=large_different", "transfer.frozen=2", "transfer.views=2", "trainer.devices=2"]
    mapped = torchrun(tmp_path, *ranks, *data, *tail)
    assert mapped.read_json("result.json")["transfer"]["cached"] == 2
    other = torchrun(tmp_path, f"like={exact.path}", "transfer=large_similar", "seed=3")
    assert other.splits.read_bytes() == exact.splits.read_bytes()
    assert other.config.transfer.scenario == "large_similar"
    assert pd.read_csv(other.history).epoch.dropna().tolist() == [1, 2]  # after the heads that were solved
