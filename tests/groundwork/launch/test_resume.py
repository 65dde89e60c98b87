"""A run that a signal or a crash ends anywhere goes on as if nothing had happened, to the last bit."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from groundwork.core import atomic as whole_file
from groundwork.core.errors import UserError
from groundwork.core.paths import ROOT
from groundwork.core.run_folder import RunFolder
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.train.callbacks.history import ProgressBar
from groundwork.train.checkpoint import load
from groundwork.train.checkpoint.weights import network_state

# What follows training, and is as slow as it is the same.
SLOW = ("measure_baselines", "write_report", "write_attention", "write_dependence", "draw_augmentation")
Moment = tuple[str, int]  # "step" or "validation", and after how many of them


class CrashError(Exception):
    """Stand for a power cut: nothing is saved on the way out."""


@pytest.fixture(autouse=True)
def _only_training(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SLOW:
        monkeypatch.setattr(f"groundwork.evaluate.concluding.{name}", lambda *_: {})


@pytest.fixture
def words(tmp_path: Path, table: Path) -> list[str]:
    """A run of two phases, with dropout, a moving average and steps of two batches, on a small table."""
    return [
        "data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "task=classification",
        "data.batch_size=8", "model=mlp", "model.dropout=0.2", "transfer=none", "trainer=cpu", "execution=plain",
        "trainer.max_epochs=4", "trainer.accumulate_grad_batches=2", "callbacks.ema.decay=0.9",
        "callbacks.early_stopping.patience=null",
        "schedule=one_cycle", "metrics.resamples=20", "balance=oversample",
        "transfer.phases=[{_target_: groundwork.transfer.Phase, train: head, share: 0.5, lr: 1.0, layer_decay: 1.0},"
        " {_target_: groundwork.transfer.Phase, train: all, share: 0.5, lr: 0.5, layer_decay: 1.0}]",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip


def latest(tmp_path: Path) -> RunFolder:
    return RunFolder.find("latest", tmp_path / "runs")


def outcome(folder: RunFolder) -> dict[str, Any]:
    """Collect all that must not depend on where a run was interrupted."""
    result = folder.read_json("result.json")
    assert result.pop("status") == "done"
    result.pop("seconds")
    weights = {path.name: network_state(load(path)) for path in (folder.best, folder.last)}
    val = pd.read_parquet(folder.predictions("val")).to_csv()
    return {"result": result, "history": folder.history.read_text(), "weights": weights, "val": val}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    for key in ("history", "result", "val"):
        assert one[key] == other[key]
    for name, weights in one["weights"].items():
        assert all(torch.equal(weights[key], other["weights"][name][key]) for key in weights)


def interrupted(monkeypatch: pytest.MonkeyPatch, moment: Moment, act: Callable[[], None]) -> Any:
    """Act after so many batches, or before so many validations have ended, in the order of the whole run."""
    kind, after = moment
    hook = {"step": "on_train_batch_end", "validation": "on_validation_batch_end"}[kind]
    seen = [0]
    original = getattr(ProgressBar, hook)

    def spy(self: object, *arguments: object, **named: object) -> None:
        original(self, *arguments, **named)
        seen[0] += 1
        if seen[0] == after:
            act()

    monkeypatch.setattr(ProgressBar, hook, spy)


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def crash() -> None:
    raise CrashError


def run_with_interruptions(
    tmp_path: Path, words: list[str], moments: list[Moment], act: Callable[[], None]
) -> RunFolder:
    """Start a run, interrupt it at each moment, counted from where it went on, and let it finish."""
    folder = None
    for moment in moments:
        with pytest.MonkeyPatch.context() as patch:
            interrupted(patch, moment, act)
            with pytest.raises((KeyboardInterrupt, CrashError)):
                start(compose_run(words)) if folder is None else resume(str(folder.path), [])
        folder = folder or latest(tmp_path)
        assert folder.read_json("result.json")["status"] in ("interrupted", "failed")
    assert folder is not None
    assert resume(str(folder.path), []) == 0
    return folder


# Inside an accumulation, at the end of an epoch, in a validation, in either phase, several times.
FEW = [[("step", 5), ("validation", 2), ("step", 40)]]
MANY = [[("step", 1)], [("step", 18)], [("validation", 8)], [("step", 2), ("step", 5), ("step", 9)]]


def check_all(tmp_path: Path, words: list[str], several: list[list[Moment]], act: Callable[[], None]) -> None:
    start(compose_run(words))
    whole = outcome(latest(tmp_path))
    for moments in several:
        assert_same(whole, outcome(run_with_interruptions(tmp_path, words, moments, act)))


@pytest.mark.slow
def test_parts_of_other_libraries_go_on_as_if_nothing_had_happened(tmp_path: Path, words: list[str]):
    """An optimizer of timm and a schedule that counts epochs, saved after the last validation of an epoch."""
    step_lr = ["schedule._target_=torch.optim.lr_scheduler.StepLR", "+schedule.step_size=1"]
    check_all(tmp_path, [*words, "optim=timm", "optim.name=muon", *step_lr], FEW, crash)


@pytest.mark.slow
def test_an_augmentation_that_draws_by_itself_goes_on_with_its_draws(tmp_path: Path):
    augment = "torchvision.transforms.v2.RandAugment"
    words = [
        "data=digits", "subset=stratified", "subset.size=100", "data.batch_size=10", "data.image_size=8",
        "model=plain", "model.backbone._target_=torch.nn.Flatten", "transfer=scratch", f"augment._target_={augment}",
        "trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=20", "callbacks.early_stopping.patience=null",
        "callbacks.checkpoint.minutes=0", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip
    check_all(tmp_path, words, [[("step", 4)]], terminate)


def test_a_run_that_is_told_to_stop_ends_where_the_whole_one_does(tmp_path: Path, words: list[str]):
    check_all(tmp_path, [*words, "trainer.val_every_n_steps=5"], FEW, terminate)


def test_a_run_that_crashes_ends_where_the_whole_one_does(tmp_path: Path, words: list[str]):
    check_all(tmp_path, [*words, "trainer.val_every_n_steps=5", "callbacks.checkpoint.minutes=0"], FEW, crash)


@pytest.mark.parametrize(
    "target",
    [
        [
            "data.target=[price,weight]",
            "data.drop=[dear]",
            "task=regression",
            "loss=quantile",
            "balance=none",
        ],
        ["data.target=dear", "data.drop=[price]", "loss=ordinal", "data.classes=[no,yes]"],
    ],
    ids=["quantile", "ordinal"],
)
def test_losses_with_heads_of_their_own_go_on_as_if_nothing_had_happened(
    tmp_path: Path, words: list[str], target: list[str]
):
    own = [*words, *target, "trainer.val_every_n_steps=5", "callbacks.checkpoint.minutes=0"]
    check_all(tmp_path, own, FEW, crash)


@pytest.mark.slow
@pytest.mark.parametrize("act", [terminate, crash])
@pytest.mark.parametrize("every", ["null", "5"])
def test_it_does_so_from_any_moment(tmp_path: Path, words: list[str], every: str, act: Callable[[], None]):
    changes = [f"trainer.val_every_n_steps={every}", "callbacks.checkpoint.minutes=0", "schedule=plateau",
               "callbacks.early_stopping.patience=3"]  # fmt: skip
    check_all(tmp_path, [*words, *changes], MANY, act)


def stopped(tmp_path: Path, words: list[str], moment: Moment) -> RunFolder:
    with pytest.MonkeyPatch.context() as patch:
        interrupted(patch, moment, terminate)
        with pytest.raises(KeyboardInterrupt):
            start(compose_run(words))
    return latest(tmp_path)


def test_a_run_goes_on_with_more_epochs_and_moved_data_after_an_attempt_that_was_refused(
    tmp_path: Path, words: list[str], table: Path
):
    folder = stopped(tmp_path, words, ("step", 40))
    kept = [folder.config_file, folder.json_file("result"), folder.json_file("environment")]
    before = [path.read_bytes() for path in kept]
    for wrong in ("trainer.devices=0", "trainer.max_epochs=some", f"data.table={tmp_path / 'nowhere.csv'}"):
        with pytest.raises(UserError):
            resume(str(folder.path), [wrong])
        assert [path.read_bytes() for path in kept] == before
    moved = table.rename(tmp_path / "moved.csv")
    changes = ["trainer.max_epochs=6", f"data.table={moved}", "callbacks.early_stopping.patience=9"]
    assert resume(str(folder.path), changes) == 0
    history = pd.read_csv(folder.history)
    assert folder.read_json("result")["status"] == "done"
    assert list(history.phase) == [
        1,
        1,
        2,
        2,
        2,
    ]  # the first had its half of four, the second has its half of six
    again = RunFolder(folder.path)
    assert again.config.trainer.max_epochs == 6
    assert again.config.data.reader.table == str(moved)
    assert "callbacks.early_stopping.patience=9" in again.read_json("environment")["overrides"]


@pytest.mark.slow
def test_a_run_goes_on_with_two_processes_where_one_stopped(tmp_path: Path, words: list[str]):
    """Once each batch of two is one of both, an epoch of n steps has n / 2, and each sample is seen as before."""
    folder = stopped(tmp_path, [*words, "trainer.accumulate_grad_batches=1"], ("step", 10))
    assert load(folder.last)["batches"]["batch"] == 10
    assert resume(str(folder.path), ["trainer.devices=2"]) == 0
    assert folder.read_json("result")["status"] == "done"
    history = pd.read_csv(folder.history)
    assert list(history.epoch) == [1, 2, 3, 4]
    batches = -(-len(pd.read_csv(folder.splits).query("split == 'train'")) // 16)
    assert list(history.step.diff()[1:]) == [batches] * 3
    assert history.step[0] == 10 + batches - 5


def test_a_run_that_dies_inside_a_save_goes_on_from_the_checkpoint_before(tmp_path: Path, words: list[str]):
    words = [*words, "trainer.max_epochs=2", "trainer.val_every_n_steps=5", "callbacks.checkpoint.minutes=0"]
    start(compose_run(words))
    whole, write = outcome(latest(tmp_path)), whole_file.write_bytes

    def die(left: list[int], share: float) -> None:
        def torn(path: Path, content: bytes) -> None:
            left[0] -= path.suffix == ".ckpt"
            if left[0]:
                return write(path, content)
            part = bytes(content)[: int(len(content) * share)]
            path.with_name(f".{path.name}.torn{whole_file.TEMPORARY}").write_bytes(part)
            raise CrashError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("groundwork.train.checkpoint.checkpoint.write_bytes", torn)
            with pytest.raises(CrashError):
                start(compose_run(words))

    for share in (0.0, 0.5, 1.0):
        die([13], share)
        folder = latest(tmp_path)
        assert list(folder.path.rglob(f".*{whole_file.TEMPORARY}"))
        resume(str(folder.path), [])
        assert_same(whole, outcome(folder))
        assert not list(folder.path.rglob(f".*{whole_file.TEMPORARY}"))


@pytest.mark.parametrize("act", [terminate, pytest.param(crash, marks=pytest.mark.slow)])
def test_streamed_and_augmented_images_go_on_where_they_stopped(
    tmp_path: Path, image_folder: Path, act: Callable[[], None]
):
    words = [
        "data=image_folder", f"data.root={image_folder}", "data.image_size=32", "data.batch_size=6", "model=timm",
        "model.name=test_resnet", "model.pretrained=false", "transfer=scratch", "augment=strong", "trainer=cpu",
        "execution=plain",
        "trainer.max_epochs=2", "trainer.accumulate_grad_batches=2", "callbacks.checkpoint.minutes=0",
        "metrics.resamples=20",
        "task=classification", "normalize=backbone", "paths.cache_gb=0", "data.num_workers=2",
        f"paths.runs={tmp_path / 'runs'}",
        f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip
    check_all(tmp_path, words, [[("step", 3), ("validation", 1)]], act)


@pytest.mark.slow
def test_a_run_that_loses_patience_does_so_at_the_same_validation(tmp_path: Path, words: list[str]):
    words = [*words, "callbacks.early_stopping.patience=2", "trainer.max_epochs=40", "optim.lr=0.05"]
    check_all(tmp_path, words, [[("step", 30), ("validation", 3)]], terminate)
    assert len(pd.read_csv(latest(tmp_path).history)) < 40


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks")
@pytest.mark.parametrize("ranks", [1, 2])
def test_killed_and_stopped_processes_end_with_the_same_bits(ranks: int):
    script = ROOT / "tests" / "robustness" / "kill_resume.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    words = ["kills=3", "in_save=2", "signals=2", f"ranks={ranks}"]
    ended = subprocess.run(
        [sys.executable, str(script), *words], env=environment, capture_output=True, text=True, timeout=900
    )
    assert ended.returncode == 0, ended.stderr
    assert "3 of 3 killed runs" in ended.stdout
    assert "2 of 2 stopped by a signal end bit-identical, 0 unreadable" in ended.stdout
