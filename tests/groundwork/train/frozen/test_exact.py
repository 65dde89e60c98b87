"""The exact head of a run: chosen by val or by folds, and at last solved on both where the plan says so."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.intact import read_splits
from groundwork.core.run_folder import RunFolder
from groundwork.data.prepared import Prepared
from groundwork.evaluate.network import load_network
from groundwork.launch.commands import export
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.train.frozen.folds import draw_folds
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples
from groundwork.transfer import StageReader


@pytest.fixture
def words(pretrained: list[str]) -> list[str]:
    return [*pretrained, "transfer=small_different", "metrics.resamples=20", "report.write=false",
            "transfer.strengths=[1,1000]"]  # fmt: skip


def run(words: list[str], *more: str) -> tuple[RunFolder, dict[str, Any]]:
    assert start(compose_run([*words, *more])) == 0
    runs = dict(word.split("=", 1) for word in words)["paths.runs"]
    folder = RunFolder.find("latest", Path(runs))
    return folder, folder.read_json("result.json")


def data(folder: RunFolder) -> Prepared:
    samples, target = read_samples(folder.config)
    return prepare(folder.config, samples, target, Console(quiet=True), read_splits(folder))


def grouped(prepared: Prepared, group: np.ndarray) -> Prepared:
    return replace(prepared, samples=replace(prepared.samples, group=pd.Series(group.astype(str))))


def light(folder: RunFolder, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    network = load_network(folder)
    with torch.no_grad():
        return network.decode(network(prepared.source.batch(rows))).numpy()[:, 1]


@pytest.mark.parametrize("views", [1, 2])
def test_the_final_head_learned_from_train_and_val_and_was_measured_before(words: list[str], views: int):
    words = [*words, f"transfer.views={views}", "transfer.strengths=[1000]"]
    before, plain = run(words)
    folder, result = run(words, "transfer.refit=true")
    assert result["val"] == plain["val"]
    assert result["train"] == plain["train"]
    assert (plain["transfer"]["refit"], result["transfer"]["refit"]) == (False, True)
    assert any("solved again on train and val" in note for note in result["notes"])
    prepared = data(folder)
    rows = np.concatenate([prepared.rows["train"], prepared.rows["val"]])
    network = load_network(folder)
    images = prepared.source.batch(rows)
    with torch.no_grad():
        features = [network.features(torch.flip(images, [3]) if view else images) for view in range(views)]
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=1 / result["transfer"]["strength"], tol=1e-8)
    )
    model.fit(torch.cat(features).numpy(), np.tile(prepared.encoded[rows], views))
    expected = model.predict_proba(features[0].numpy())[:, 1]
    assert light(folder, prepared, rows) == pytest.approx(expected, abs=2e-3)
    assert np.abs(light(before, prepared, rows) - expected).max() > 1e-2


def test_a_crash_between_measuring_and_solving_again_is_made_good(
    words: list[str], monkeypatch: pytest.MonkeyPatch
):
    whole, _ = run(words, "transfer.refit=true")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("groundwork.evaluate.measured._refit", crash)
        with pytest.raises(KeyboardInterrupt):
            start(compose_run([*words, "transfer.refit=true"]))
    folder = RunFolder.find("latest", whole.path.parents[1])
    assert folder.path != whole.path
    assert resume(str(folder.path), []) == 0
    prepared = data(whole)
    rows = prepared.rows["val"]
    assert light(folder, prepared, rows).tolist() == light(whole, prepared, rows).tolist()


def test_folds_choose_and_history_and_card_say_so(words: list[str], tmp_path: Path):
    folder, result = run(words, "transfer.folds=3", "transfer.refit=true", "report.write=true")
    history = pd.read_csv(folder.history)
    assert "val/balanced_accuracy" not in history
    assert history["folds/balanced_accuracy"].between(0, 1).all()
    assert result["transfer"]["folds"] == 3
    assert "in 3 folds" in result["transfer"]["why"]
    assert (folder.path / "figures" / "strengths.png").is_file()
    assert export([f"run={folder.path}", "format=safetensors", f"output={tmp_path / 'model'}"]) == 0
    card = (tmp_path / "model" / "card.md").read_text(encoding="utf-8")
    assert "Chosen by: balanced_accuracy in 3 folds of the training and validation splits" in card
    assert "those of its head before it learned from this split, too" in card


def test_folds_deal_every_class_alike_and_keep_groups_whole(words: list[str]):
    folder, _ = run(words, "report.write=false")
    prepared = data(folder)
    rows = np.concatenate([prepared.rows["train"], prepared.rows["val"]])
    fold = draw_folds(prepared, 4, 0, 10)
    counts = np.array([np.bincount(prepared.encoded[rows][fold == each], minlength=2) for each in range(4)])
    assert np.ptp(counts, axis=0).max() <= 1
    fold = draw_folds(grouped(prepared, np.arange(len(prepared.samples)) // 3), 4, 0, 10)
    assert pd.Series(fold).groupby(rows // 3).nunique().max() == 1
    with pytest.raises(UserError, match="outside of each fold"):
        draw_folds(grouped(prepared, np.zeros(len(prepared.samples))), 4, 0, 10)


def test_a_processor_reads_few_large_images_at_once_and_all_of_them(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read = StageReader._read
    sizes: list[int] = []
    monkeypatch.setattr(StageReader, "_read", lambda self, rows: sizes.append(len(rows)) or read(self, rows))
    words = [*words, "transfer.strengths=[1000]"]
    _, whole = run(words, f"paths.cache={tmp_path / 'whole'}")
    most, number = max(sizes), sum(sizes)
    sizes.clear()
    monkeypatch.setattr("groundwork.train.frozen.features.PIXELS", 3 * 16 * 16 + 1)
    _, parts = run(words, f"paths.cache={tmp_path / 'parts'}")
    assert most > 3 >= max(sizes)
    assert sum(sizes) == number
    assert parts["val"] == pytest.approx(whole["val"], abs=1e-4, nan_ok=True)
