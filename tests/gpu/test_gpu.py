"""What a GPU must not change, and what only a GPU does."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from groundwork.core.batch import Batch
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.data.batches import TableSource
from groundwork.data.device import SHARE, Resident, copied_ahead, fits_on
from groundwork.launch.start import resume
from groundwork.model import ClassificationHead, ImageNormalize, Network, StagePool, TimmBackbone
from groundwork.optim import OptimizerFactory
from groundwork.train.callbacks.history import ProgressBar
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.weights import network_state
from groundwork.train.predict import predict
from groundwork.transfer import StageReader, solve_head

pytestmark = pytest.mark.gpu
Train = Callable[..., RunFolder]
CPU = torch.device("cpu")


class Pixels(TableSource):
    def batch(self, rows: NDArray[np.int64]) -> torch.Tensor:
        return super().batch(rows).permute(0, 3, 1, 2)


PIXELS = Pixels(np.random.default_rng(0).integers(0, 256, (300, 32, 32, 3), dtype=np.uint8))


def network() -> Network:
    torch.manual_seed(0)
    backbone = TimmBackbone("test_resnet", False, 3, 32, 0.0, "default")
    head = ClassificationHead(backbone.channels[-1], 5, dropout=0.0)
    torch.nn.init.normal_(head.linear.weight)
    pool = StagePool((backbone.num_stages - 1,), ("mean",))
    return Network(ImageNormalize([0.5], [0.5], 3), backbone, pool, head)


def test_batches_are_the_same_whatever_way_they_take(gpu: torch.device) -> None:
    rows = np.random.default_rng(1).permutation(300)
    held = Resident(PIXELS, rows[:200], gpu)
    assert fits_on(PIXELS, rows, gpu, SHARE)
    cuts = [rows[start : start + 64] for start in range(0, 200 - 64, 64)]
    for source in (PIXELS, held):
        batches = (Batch(source.batch(cut), torch.from_numpy(cut), torch.from_numpy(cut)) for cut in cuts)
        # Kept until the end: memory that was given back too early would hold a later batch by now.
        for cut, batch in zip(cuts, list(copied_ahead(batches, gpu)), strict=True):
            assert batch.inputs.device == batch.index.device == gpu
            assert batch.inputs.is_contiguous(memory_format=torch.channels_last)
            assert torch.equal(batch.inputs.cpu(), PIXELS.batch(cut))
            assert batch.index.tolist() == batch.target.tolist() == cut.tolist()


def test_features_and_predictions_are_those_of_the_processor(gpu: torch.device) -> None:
    rows, console = np.arange(300), Console(quiet=True)
    ours, theirs = network(), network()
    for device, each in ((gpu, ours), (CPU, theirs)):
        for _ in range(2):
            each.train().to(device)(PIXELS.batch(rows).to(device))  # statistics of its own
    predicted = [
        predict(each, PIXELS, rows, 64, device, torch.float32, console, "")
        for device, each in ((gpu, ours), (CPU, theirs))
    ]
    np.testing.assert_allclose(*predicted, rtol=1e-2, atol=2e-3)  # convolutions take TF32 on a GPU
    features = [
        StageReader(each, PIXELS.batch, device, torch.float32, 0)(rows[:100])
        for device, each in ((gpu, ours), (CPU, theirs))
    ]
    for one, other in zip(*features, strict=True):
        assert np.abs(one - other).max() <= 2e-3 * np.abs(other).max()


def test_heads_are_solved_as_scikit_learn_solves_them(gpu: torch.device) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 30)) * rng.uniform(0.1, 10, 30)
    law = rng.normal(size=(30, 3))
    logits = StandardScaler().fit_transform(features) @ law
    label = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    scaled = StandardScaler().fit_transform(features)
    inputs = torch.tensor(features, dtype=torch.float32, device=gpu)

    (head,) = solve_head(inputs, torch.tensor(label, device=gpu), 3, [2.0])
    assert head.weight.device == gpu
    ours = (inputs @ head.weight.T + head.bias).softmax(1).cpu().numpy()
    theirs = LogisticRegression(C=0.5, tol=1e-8, max_iter=5000).fit(scaled, label).predict_proba(scaled)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)

    (head,) = solve_head(inputs, torch.tensor(logits, dtype=torch.float32, device=gpu), 3, [2.0])
    ours = (inputs @ head.weight.T + head.bias).cpu().numpy()
    np.testing.assert_allclose(ours, Ridge(alpha=2.0).fit(scaled, logits).predict(scaled), atol=2e-3)


WAYS = (
    "execution.resident=true",
    "execution.resident=false augment=strong",
    "trainer.precision=bf16-mixed trainer.gradient_clip_val=0.5 callbacks.ema.decay=0.9",
    "trainer.precision=16-mixed trainer.gradient_clip_val=0.5",
    "execution.compile=true data.image_size=96",
    "execution.grad_checkpointing=true optim=sgd optim.lr=0.02",
)


@pytest.mark.parametrize("words", WAYS)
def test_a_run_trains_and_its_files_hold_what_it_measured(
    train: Train, image_folder: Path, words: str
) -> None:
    folder = train("trainer.max_epochs=12", *words.split())
    result = folder.read_json("result.json")
    assert result["train"]["accuracy"] > 0.5  # a third by chance
    table = pd.read_parquet(folder.predictions("val"))
    assert len(set(table.sample_id)) == len(table) == result["n"]["val"]
    assert (table.target == table.prediction).mean() == pytest.approx(result["val"]["accuracy"])
    assert all(value.device == CPU for value in load(folder.best)["state_dict"].values())
    out = folder.path / "again.parquet"
    words_of_predict = [f"run={folder.path}", f"input={image_folder}", f"output={out}"]
    subprocess.run([sys.executable, "scripts/predict.py", *words_of_predict], check=True, capture_output=True)
    again = pd.read_parquet(out).set_index("sample_id").loc[table.sample_id]
    names = [name for name in table if name.startswith("prob/")]
    np.testing.assert_allclose(again[names], table[names], atol=2e-2)


def test_the_head_of_a_frozen_backbone_is_that_of_the_processor(train: Train, tmp_path: Path) -> None:
    words = ("transfer=small_different", "transfer.cut=3", "trainer.precision=32-true")
    folders = [
        train(*words, f"trainer.accelerator={kind}", f"paths.cache={tmp_path / kind}")
        for kind in ("gpu", "cpu")
    ]
    assert folders[0].read_json("result.json")["transfer"]["solver"] == "exact"
    ours, theirs = (pd.read_parquet(each.predictions("val")) for each in folders)
    names = [name for name in ours if name.startswith("prob/")]
    np.testing.assert_allclose(ours[names], theirs[names], atol=2e-2)


def test_a_frozen_stage_keeps_every_bit(train: Train) -> None:
    words = ("transfer=large_different", "transfer.frozen=2", "augment=light")
    one, other = (network_state(load(train(*words, f"optim.lr={rate}").best)) for rate in (1e-3, 1e-2))
    changed = {name for name in one if not torch.equal(one[name], other[name])}
    assert {name for name in one if "layer4" in name} & changed
    stem = ("backbone.model.conv1", "backbone.model.bn1", "backbone.model.layer1")
    assert not {name for name in one if name.startswith(stem)} & changed


def test_a_stopped_run_goes_on(train: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = ("augment=light", "callbacks.ema.decay=0.9", "trainer.precision=32-true")
    whole = network_state(load(train(*words).best))
    original, seen = ProgressBar.on_train_batch_end, [0]

    def stop(self: ProgressBar, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        seen[0] += 1
        if seen[0] == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_train_batch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            train(*words)
    folder = RunFolder.find("latest", tmp_path / "runs")
    assert folder.read_json("result.json")["status"] == "interrupted"
    assert resume(str(folder.path), []) == 0
    again = network_state(load(folder.best))
    for name, value in whole.items():
        torch.testing.assert_close(again[name], value, rtol=2e-2, atol=5e-3)  # sums on a GPU have no order


def test_a_batch_too_large_is_named_or_halved(
    train: Train, gpu: torch.device, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("data.image_size=224", "model.name=resnet50", "trainer.max_epochs=1", "trainer.precision=32-true",
             "execution.memory_format=channels_last")  # fmt: skip
    torch.cuda.set_per_process_memory_fraction(
        2.2e9 / torch.cuda.get_device_properties(gpu).total_memory, gpu
    )
    try:
        said = r"data\.batch_size=40 must fit into memory.*data\.batch_size=20 trainer\.accumulate_grad_batches=2"
        with pytest.raises(UserError, match=said):
            train(*words, "data.batch_size=40")
        torch.cuda.empty_cache()
        train(*words, "data.batch_size=auto")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, gpu)
    assert "does not fit into memory" in capsys.readouterr().out


def test_steps_are_fused(gpu: torch.device) -> None:
    moved = network().to(gpu)
    for make in (torch.optim.AdamW, torch.optim.Adam, torch.optim.SGD):
        assert OptimizerFactory(make, 1e-3, 0.01)(moved).param_groups[0]["fused"] is True
