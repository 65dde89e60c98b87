"""Lightning modules that know nothing of this project: trained, resumed with the same bits, swept, sealed, on ranks."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from lightning import LightningModule
from lightning.pytorch.demos.boring_classes import BoringDataModule, BoringModel
from omegaconf import open_dict

import groundwork
from groundwork import Run, fit
from groundwork.core import admitted
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.own import bare, batch_hashes
from groundwork.evaluate.seal import seal
from groundwork.launch.commands import compare, convert, evaluate, export, predict
from groundwork.launch.config.bounds import check_values
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.check_keys import check_keys
from groundwork.launch.config.compose import complete, compose_run
from groundwork.launch.config.own import refuse_idle_sweep
from groundwork.launch.start import resume
from groundwork.report.number import CHOSE, NOTHING_CHOSE
from groundwork.train.checkpoint import load
from groundwork.train.machine.batch_size import settle_batch_size
from groundwork.train.own.run import best_row, logged_name

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
DATA, MODULE, TWINS = (
    "data._target_=finches.Data",
    "task._target_=finches.Module",
    "task._target_=finches.Twins",
)
FINDER = "+callbacks.rate={_target_: lightning.pytorch.callbacks.LearningRateFinder, num_training_steps: 20}"
SHORT = ["trainer=cpu", "trainer.max_epochs=3", "trainer.log_every_n_steps=2", "report.write=false"]


@pytest.fixture(scope="module")
def finches() -> Iterator[Any]:
    """The module of the user's, on the path of this process."""
    sys.path.insert(0, str(HERE))
    yield importlib.import_module("finches")
    sys.path.remove(str(HERE))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own") / "runs"


@pytest.fixture(scope="module")
def whole(finches: Any, runs: Path) -> Run:
    """A run whose checks are many: their module on their data, with a logger and a callback."""
    logger = "+logger.own={_target_: lightning.pytorch.loggers.CSVLogger}"
    callback = "+callbacks.lr={_target_: lightning.pytorch.callbacks.LearningRateMonitor}"
    more = ["data.size=50", "monitor=acc", logger, callback, "optim.lr=3", "report.write=true"]
    return fit([DATA, MODULE, *SHORT, *more, f"paths.runs={runs}"])


def tensors(run: Run | RunFolder, name: str = "best") -> dict[str, torch.Tensor]:
    folder = run.folder if isinstance(run, Run) else run
    found: dict[str, torch.Tensor] = load(getattr(folder, name))["state_dict"]
    return found


def assert_same(one: Run, other: Run) -> None:
    """Compare weights, optimizers, schedules, history and steps."""
    for name in ("best", "last"):
        first, second = load(getattr(one.folder, name)), load(getattr(other.folder, name))
        assert all(
            torch.equal(value, second["state_dict"][key]) for key, value in first["state_dict"].items()
        )
        assert str(first["optimizer_states"]) == str(second["optimizer_states"])
        assert first["lr_schedulers"] == second["lr_schedulers"]
    pd.testing.assert_frame_equal(one.history, other.history)
    if one.folder.steps.exists():
        assert one.folder.steps.read_text() == other.folder.steps.read_text()


def test_the_result_is_what_the_module_logs(whole: Run, finches: Any):
    module = finches.Module.load_from_checkpoint(whole.folder.best, weights_only=True)
    data = finches.Data(50)
    data.setup("fit")
    inputs, target = data.val.tensors
    right = (module.eval().layers(inputs).argmax(1) == target).float()
    # Lightning weighs the means of batches of 8 and 2 by their sizes.
    assert whole.result["val"]["acc"] == pytest.approx(float(right.mean()), abs=1e-6)
    assert whole.result["monitor"] == "acc"
    assert whole.result["direction"] == "max"
    assert whole.result["n"] == {"train": 50, "val": 50}
    best = whole.history.loc[whole.history.val_acc.idxmax()]
    assert whole.result["best_epoch"] == best.epoch
    assert whole.result["train"]["loss"] == pytest.approx(best.train_loss)
    assert (whole.result["baselines"], whole.result["intervals"]) == ({}, {})


def test_history_and_steps_and_loggers_hold_what_was_logged(whole: Run):
    assert list(whole.history.epoch) == [1, 2, 3]
    assert whole.history[["train_loss", "val_loss", "val_acc"]].notna().all(axis=None)
    steps = pd.read_csv(whole.folder.steps)
    assert list(steps.step) == list(range(2, 22, 2))
    assert steps["train/loss"].notna().all()
    (logged,) = whole.path.rglob("metrics.csv")
    table = pd.read_csv(logged)
    assert table.val_loss.dropna().tolist() == pytest.approx(whole.history.val_loss.tolist())
    assert {"lr-Adam", "result/val/acc"} <= set(table.columns)


def test_the_report_says_what_is_left_out_and_the_run_what_has_no_effect(whole: Run):
    page = whole.folder.report.read_text()
    assert "finches.Module is a module of your own: intervals, baselines" in page
    assert "acc" in page
    assert "note: optim.lr: no effect on this run" in whole.folder.log.read_text()
    assert whole.path.parent.name == "Module"


def test_the_test_is_sealed_by_their_test_step_and_counted_by_what_its_batches_hold(
    whole: Run, finches: Any, runs: Path, monkeypatch: pytest.MonkeyPatch
):
    seal(whole.folder, runs, Console(quiet=True))
    result = RunFolder(whole.path).read_json("result")
    module = finches.Module.load_from_checkpoint(whole.folder.best, weights_only=True)
    data = finches.Data(50)
    data.setup("test")
    inputs, target = data.test.tensors
    right = (module.eval().layers(inputs).argmax(1) == target).float().mean()
    assert result["test"]["acc"]["value"] == pytest.approx(float(right), abs=1e-6)
    assert (result["test_count"], result["n"]["test"]) == (1, 50)
    assert result["seal"]["first"] is True
    turned = torch.utils.data.Subset
    monkeypatch.setattr(
        finches.Data,
        "test_dataloader",
        lambda self: torch.utils.data.DataLoader(turned(self.test, range(49, -1, -1)), 9),
    )
    other = fit([DATA, MODULE, *SHORT, "data.size=50", "task.lr=0.01", f"paths.runs={runs}"], quiet=True)
    seal(other.folder, runs, Console(quiet=True))
    assert other.result["test_count"] == 2  # the same samples in another order and in other batches
    assert other.result["seal"]["rows"] == result["seal"]["rows"]


def test_a_batch_is_known_by_its_rows_whatever_it_is_made_of():
    images, names = torch.arange(24).reshape(4, 2, 3), ["a", "b", "c", "d"]
    rows = batch_hashes({"image": images, "name": names})
    assert len(set(rows)) == 4
    assert batch_hashes({"name": names[2:], "image": images[2:]}) == rows[2:]
    assert batch_hashes((images.float(), torch.tensor(3.0)))[0] not in rows  # no rows of its own: as a whole
    assert batch_hashes([torch.zeros(2, 3, dtype=torch.bfloat16), np.zeros(2)]) == batch_hashes(
        [torch.zeros(2, 3), np.zeros(2)]
    )


def checked(words: list[str]) -> None:
    """Compose and check as a command does."""
    composition = compose_run(complete(words))
    check_keys(composition)
    check_combination(composition)


class BrokenError(Exception):
    """What ends a run inside an epoch."""


def broken_and_resumed(
    words: Sequence[str], kind: Any, monkeypatch: pytest.MonkeyPatch, epoch: int, batch: int
) -> Run:
    """Break a run inside an epoch, and let it go on."""

    def end(self: Any, _: object, batch_idx: int) -> None:
        if (self.current_epoch, batch_idx) == (epoch, batch):
            raise BrokenError

    with monkeypatch.context() as patch:
        patch.setattr(kind, "on_train_batch_start", end)
        with pytest.raises(BrokenError):
            fit([*words, "name=broken"], quiet=True)
    (path,) = next(Path(word.partition("=")[2]) for word in words if word.startswith("paths.runs=")).glob(
        "broken/*"
    )
    assert resume(str(path), []) == 0
    return Run(path)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ([DATA, MODULE, "data.own_draw=true"], "Module"),
        ([DATA, MODULE, FINDER], "Module"),
        pytest.param([DATA, TWINS, "monitor=gap_error"], "Twins", marks=pytest.mark.slow),
        pytest.param(
            ["data=diabetes", MODULE, "task.num_inputs=13", "task.outputs=1"],
            "Module",
            marks=pytest.mark.slow,
        ),
    ],
    ids=[
        "a loader with a generator of its own",
        "a rate that was searched",
        "manual optimization",
        "their module on our data",
    ],
)
def test_a_broken_run_goes_on_with_the_same_bits(
    words: list[str], kind: str, finches: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    words = [*words, *SHORT, f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    one = fit(words, quiet=True)
    other = broken_and_resumed(words, getattr(finches, kind), monkeypatch, epoch=2, batch=3)
    assert_same(one, other)
    if "data=diabetes" in words:
        assert dict(pd.read_csv(one.folder.splits).split.value_counts()) == one.result["n"]
        seal(one.folder, tmp_path / "runs", Console(quiet=True))
        assert one.result["seal"]["split_hash"] == one.folder.read_json("data")["split_hash"]


@pytest.mark.slow
def test_a_task_of_ours_trains_on_their_data(finches: Any, tmp_path: Path):
    words = [
        DATA,
        "task=classification",
        "model=mlp",
        "model.hidden=[4]",
        "transfer=none",
        "optim.lr=0.05",
        *SHORT,
    ]
    run = fit([*words, f"paths.runs={tmp_path}"], quiet=True)
    assert run.result["val"]["accuracy"] > 0.8
    assert load(run.folder.best)["hyper_parameters"]["info"]["target"]["classes"] == ["0", "1"]
    assert (4, 3) in [tuple(value.shape) for value in tensors(run).values()]  # model.hidden=[4]
    seal(run.folder, tmp_path, Console(quiet=True))
    assert run.result["test"]["accuracy"]["value"] > 0.8


@pytest.mark.slow
def test_a_module_that_logs_nothing_trains_and_its_last_weights_count(tmp_path: Path):
    run = fit(["experiment=own_module", *SHORT, "trainer.max_epochs=1", f"paths.runs={tmp_path}"])
    assert (run.result["status"], run.result["val"], run.result["best_epoch"]) == ("done", {}, 1)
    assert "monitor=auto was not logged on val: the last weights count" in run.folder.log.read_text()
    assert {name: value.shape for name, value in tensors(run).items()} == {
        name: value.shape for name, value in BoringModel().state_dict().items()
    }
    with pytest.raises(
        UserError, match=r"test_step of .*BoringModel must log metrics by self.log, but logs none"
    ):
        seal(run.folder, tmp_path, Console(quiet=True))
    assert BoringDataModule  # what the experiment names


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([DATA, MODULE, "data.siz=3"], r"data.siz is not a key. Did you mean data.size"),
        ([DATA, MODULE, "monitor=quality"], r"\+callbacks.checkpoint.mode=max or min"),
        ([DATA], r"task must be named where the data is that of finches.Data"),
        (["data=table", DATA, MODULE], r"data=table must not go with data._target_"),
        (["data=module", MODULE], r"data._target_ must be given"),
        ([DATA, MODULE, "debug=lr_find"], r"must know the optimizer"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_read(words: list[str], message: str, finches: Any):
    with pytest.raises(UserError, match=message):
        checked(words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            [DATA, MODULE, "monitor=acc_loss"],
            r"monitor=acc_loss must be logged on val .* logs val_acc, val_loss",
        ),
        ([DATA, "task._target_=finches.Data"], r"task._target_=finches.Data must be a LightningModule"),
        (
            ["data._target_=finches.Module", MODULE],
            r"data._target_=finches.Module must be a LightningDataModule",
        ),
        ([DATA, MODULE, "task.outputs=-1"], r"task._target_=finches.Module cannot be built: "),
        ([DATA, "task=classification", "transfer=auto"], r"transfer=auto must measure"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(words: list[str], message: str, finches: Any, tmp_path: Path):
    with pytest.raises(UserError, match=message):
        fit([*words, *SHORT, f"paths.runs={tmp_path}"], quiet=True)


def test_commands_that_need_a_network_of_ours_say_so(whole: Run, runs: Path, tmp_path: Path):
    calls: list[Callable[[], Any]] = [
        whole.model,
        lambda: predict([f"run={whole.path}", "input=x.csv", f"output={tmp_path / 'y.csv'}"]),
        lambda: compare([f"runs={whole.path}", f"paths.runs={runs}"]),
        lambda: groundwork.read([DATA, MODULE]),
        lambda: groundwork.split([DATA, MODULE]),
        lambda: groundwork.audit([DATA, MODULE]),
        lambda: groundwork.audit(["data=diabetes", MODULE, "suspects=true"]),
        lambda: groundwork.advise(["data=digits", MODULE]),
        lambda: convert([DATA, MODULE, f"shards={tmp_path / 'shards'}"]),
        lambda: evaluate([f"runs={whole.path}", "join=mean", "split=test"]),
        lambda: export([f"run={whole.path}", "format=torch"]),
        lambda: refuse_idle_sweep([whole.config] * 2, [["optim.lr=1", "seed=0"], ["optim.lr=2", "seed=0"]]),
    ]
    for call in calls:
        with pytest.raises(UserError, match="module of your own"):
            call()


def test_arguments_of_their_data_mean_what_they_say(finches: Any):
    named = {"_target_": "birds.Data", "batch_size": "auto", "image_size": "large", "num_workers": -1}
    config = compose_run(complete([DATA, MODULE])).config
    with open_dict(config):
        config.data = named
    settle_batch_size(config, Path("none.yaml"))
    check_values(config)
    assert config.data == named


def test_more_epochs_of_a_finished_run_of_their_module_are_told_what_to_do(whole: Run):
    with pytest.raises(UserError, match=r"let your module load .*best\.ckpt"):
        resume(str(whole.path), ["trainer.max_epochs=9"])


class Alone(LightningModule):
    """Train without validation, and log by a name that does not say of what."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(32, 2)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        loss = self.layer(batch).square().mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.01)


@pytest.mark.filterwarnings("ignore:You passed in a `val_dataloader`")
def test_what_training_logs_is_never_told_as_of_val(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.syspath_prepend(ROOT)
    words = [
        "experiment=own_module",
        f"task._target_={__name__}.Alone",
        *SHORT,
        f"paths.runs={tmp_path}/runs",
    ]
    result = fit(words).result
    assert (result["val"], [*result["train"]]) == ({}, ["loss"])
    said = capsys.readouterr().out
    assert NOTHING_CHOSE in " ".join(said.split())
    assert CHOSE not in " ".join(said.split())


def test_a_search_for_a_rate_leaves_nothing_behind_that_counts_as_logged(
    finches: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    finder = "{_target_: lightning.pytorch.callbacks.LearningRateFinder, num_training_steps: 20}"
    result = fit([DATA, MODULE, *SHORT, f"+callbacks.rate={finder}", f"paths.runs={tmp_path}"]).result
    assert ({*result["val"]}, {*result["train"]}) == ({"loss", "acc"}, {"loss", "acc"})
    assert "note: LearningRateFinder found " in capsys.readouterr().out


def test_the_size_of_a_batch_that_was_searched_is_said(
    finches: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    finder = "{_target_: lightning.pytorch.callbacks.BatchSizeFinder, max_trials: 1, batch_arg_name: size}"
    fit([DATA, MODULE, *SHORT, "trainer.max_epochs=1", f"+callbacks.size={finder}", f"paths.runs={tmp_path}"])
    assert "note: BatchSizeFinder found a batch size of 4" in capsys.readouterr().out


def test_loaders_without_a_length_and_several_sets_of_val_train_and_are_shown(
    finches: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = [
        "data._target_=finches.Flow",
        "task._target_=finches.Double",
        "monitor=val_b/acc",
        "+callbacks.checkpoint.mode=max",
    ]
    run = fit([*words, *SHORT, f"paths.runs={tmp_path}"])
    assert {*run.result["val"]} == {"a/acc", "b/acc"}
    assert run.history.step.tolist() == [6, 12, 18]
    assert run.result["monitor"] == "b/acc"
    shown = capsys.readouterr().out
    assert "a/acc" in shown
    assert "b/acc" in shown


def test_a_module_without_an_optimizer_runs_as_in_lightning(
    finches: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.warns(UserWarning, match="this fit will run with no optimizer"):
        run = fit([DATA, "task._target_=finches.Idle", *SHORT, f"paths.runs={tmp_path}"])
    assert run.result["status"] == "done"


def test_names_of_logged_metrics():
    assert logged_name({"val_acc": 1, "acc": 2}, "acc") == "acc"
    assert logged_name({"val_acc": 1}, "acc") == "val_acc"
    assert logged_name({"val/loss": 1, "train_loss": 2}, "auto") == "val/loss"
    assert logged_name({"loss": 1}, "auto") is None
    assert [bare(name) for name in ("val/acc", "val_acc", "test_acc", "value")] == [
        "acc",
        "acc",
        "acc",
        "value",
    ]
    rows = [{"a": 2.0}, {"a": None}, {"a": 3.0}, {"a": 3.0, "last": 1}]
    assert best_row(rows, "a", "max") == {"a": 3.0}
    assert best_row(rows, "a", "min") == {"a": 2.0}
    assert best_row(rows, "b", "min") is None


def process(*words: str, script: str = "train.py", **more: str) -> subprocess.CompletedProcess[str]:
    places = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{HERE}", **more}
    line = [sys.executable, str(ROOT / "scripts" / script), *words]
    return subprocess.run(line, env=places, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
def test_a_killed_run_goes_on_with_the_same_bits_on_one_and_two_ranks(devices: int, tmp_path: Path):
    killer = tmp_path / "killers.py"
    killer.write_text(
        "import os, signal\nfrom lightning.pytorch import Callback\n"
        "class Kill(Callback):\n    def on_train_batch_end(self, trainer, *_):\n"
        "        if (trainer.current_epoch, trainer.global_step) == (2, int(os.environ.get('KILL_AT', 0))):\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n",
        encoding="utf-8",
    )
    path = f"{ROOT / 'src'}{os.pathsep}{HERE}{os.pathsep}{tmp_path}"
    words = [DATA, MODULE, *SHORT, f"trainer.devices={devices}", "+callbacks.kill={_target_: killers.Kill}"]
    whole = process(*words, f"paths.runs={tmp_path / 'whole'}", PYTHONPATH=path)
    assert whole.returncode == 0, whole.stderr
    at = str(2 * (6 // devices) + 2)
    killed = process(*words, f"paths.runs={tmp_path / 'killed'}", PYTHONPATH=path, KILL_AT=at)
    assert killed.returncode not in (0, 2)
    (folder,) = (tmp_path / "killed").glob("Module/*")
    done = process(f"run={folder}", "trust=[finches,killers]", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    admitted.admit(["finches", "killers"])
    assert_same(Run(next((tmp_path / "whole").glob("Module/*"))), Run(folder))
    told = "Lightning's sampler repeats samples" in (folder / "train.log").read_text()
    assert told == (devices == 2)


@pytest.mark.slow
def test_a_sweep_over_arguments_of_their_module_and_the_seal_of_one(tmp_path: Path):
    words = ["-m", DATA, MODULE, *SHORT, "task.lr=0.1,0.01", "name=swept", f"paths.runs={tmp_path}"]
    done = process(*words)
    assert done.returncode == 0, done.stderr
    folders = sorted((tmp_path / "swept").glob("*/result.json"))
    losses = [json.loads(path.read_text())["val"]["loss"] for path in folders]
    assert len(set(losses)) == 2
    sealed = process(
        f"run={folders[0].parent}",
        "split=test",
        "trust=[finches]",
        f"paths.runs={tmp_path}",
        script="evaluate.py",
    )
    assert sealed.returncode == 0, sealed.stderr
    assert "1 configuration has been tested on these test rows." in sealed.stdout
