"""Arguments of lightning.Trainer and callbacks by `_target_` act as Lightning users know them."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.strategies import StrategyRegistry
from omegaconf import OmegaConf

from groundwork import Run, UserError, fit
from groundwork.core.paths import CONF
from groundwork.launch.config.check import check_combination
from groundwork.launch.config.compose import compose_run
from groundwork.launch.config.trainer import OWN, REFUSED, STRATEGIES
from groundwork.train.trainer import count_steps

MONITOR = "lightning.pytorch.callbacks"
SEEN: list[Any] = []


class Watch(Callback):
    """Note what a run does, as a callback of the user's own."""

    def __init__(self, word: str = ""):
        self.word = word

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        SEEN.append((trainer.current_epoch, batch_idx, trainer.global_step, batch.index.tolist()))

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        SEEN.append((trainer.global_step, torch.are_deterministic_algorithms_enabled(), self.word))


WATCH = f"+callbacks.watch={{_target_: {__name__}.Watch, word: seen}}"


def steps() -> list[tuple[int, ...]]:
    return [entry for entry in SEEN if len(entry) == 4]


def validations() -> list[int]:
    return [entry[0] for entry in SEEN if len(entry) == 3]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Give a function that trains on 57 rows, seven batches of an epoch, by the words beside."""
    monkeypatch.syspath_prepend(Path(__file__).parents[3])
    SEEN.clear()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    frame.assign(y=frame.a * 2 + frame.b).to_csv(tmp_path / "rows.csv", index=False)

    def train(*words: str) -> Run:
        own = [
            "data=table", f"data.table={tmp_path / 'rows.csv'}", "data.target=y", "task=regression", "model=mlp",
            "model.hidden=[4]", "data.batch_size=8", "trainer=cpu", "trainer.max_epochs=2", "metrics.resamples=2",
            "report.write=false", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
        ]  # fmt: skip
        return fit([*own, WATCH, *words], quiet=True)

    return train


def log(run: Run) -> str:
    return run.folder.log.read_text(encoding="utf-8")


def test_every_argument_of_lightnings_trainer_is_listed_or_refused_in_the_header():
    path = CONF / "trainer" / "_common.yaml"
    text, listed = path.read_text(encoding="utf-8"), OmegaConf.load(path)
    signature = inspect.signature(lightning.Trainer).parameters
    assert set(listed) - {"_target_", OWN} == set(signature) - set(REFUSED)
    assert set(REFUSED) <= set(signature)
    header = text.partition("\n_target_")[0]
    for name, remedy in REFUSED.items():
        assert any(f"#   {name} " in line for line in header.splitlines()), name
        assert remedy
    ours = {"max_epochs", "log_every_n_steps", "num_sanity_val_steps", "precision", "devices"}
    for name, value in listed.items():
        if name in signature and name not in ours:
            assert value == signature[name].default, name


@pytest.mark.parametrize("word", ["trainer.{}=1", "+trainer.{}=1"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_the_run_decides_is_refused_in_one_line(name: str, word: str):
    with pytest.raises(UserError, match=rf"^trainer\.{name} is decided by the run\. ") as error:
        check_combination(compose_run(["data=digits", word.format(name)]))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trainer.val_every_n_steps=0"], "trainer.val_every_n_steps must"),
        (["trainer.val_every_n_steps=3", "trainer.check_val_every_n_epoch=2"], "must not go with"),
        (["trainer.strategy=ddp_spawn"], "Use ddp"),
        (
            ["trainer.strategy={_target_: lightning.pytorch.strategies.ModelParallelStrategy}"],
            "must not be ModelP",
        ),
        (["trainer.strategy=foo"], "trainer.strategy must be one of auto, ddp"),
        (["trainer.strategy=single_device", "trainer.devices=2"], "must go with trainer.devices=1"),
        (
            ["trainer.strategy={_target_: lightning.pytorch.strategies.SingleDeviceStrategy}", "trainer=ddp"],
            "must go with trainer.devices=1",
        ),
        (["trainer.strategy=fsdp"], "trainer: .*requires a GPU"),
        (
            ["trainer.strategy={_target_: lightning.pytorch.strategies.FSDPStrategy}"],
            "trainer: .*requires a GPU",
        ),
        (["trainer.strategy={_target_: torch.nn.ReLU}"], "trainer: You selected an invalid strategy"),
        (["trainer.strategy=deepspeed_stage_2"], "trainer: .*DeepSpeed"),
        (["trainer.accelerator=tpu"], "trainer.accelerator must be one of"),
        (["trainer.accelerator={_target_: lightning.pytorch.accelerators.CPUAccelerator}"], "must be one of"),
        (["trainer.profiler=foo"], "trainer.profiler must be one of simple, advanced, pytorch, null"),
        (["trainer.profiler={_target_: torch.nn.ReLU}"], "trainer.profiler must be a profiler of Lightning"),
        (["trainer.plugins=[foo]"], "trainer.plugins must be a list of"),
        (["trainer.plugins=[{_target_: torch.nn.ReLU}]"], "trainer: Found invalid type for plugin"),
        (["trainer.max_time=abc"], "trainer.max_time must be written as days:hours:minutes:seconds"),
        (["trainer.max_time={hourz: 1}"], "trainer: .*hourz"),
        (["trainer.fast_dev_run=-1"], "trainer: .*fast_dev_run=-1"),
        (
            ["trainer.val_check_interval=00:00:00:xx"],
            "trainer.val_check_interval must be written as days:hours:minutes:seconds",
        ),
        (["trainer.val_check_interval=-1"], r"trainer.val_check_interval must be in \(0, inf\)"),
        (["trainer.val_check_interval=1.5"], "must be a share up to 1.0 or a whole number"),
        (["trainer.limit_train_batches=1.5"], "must be a share up to 1.0 or a whole number"),
        (["trainer.overfit_batches=2.5"], "must be a share up to 1.0 or a whole number"),
        (["trainer.limit_val_batches=0"], "trainer.limit_val_batches must"),
        (["callbacks.ema=0.9"], "callbacks.ema is now callbacks.ema.decay"),
        (["+callbacks.patience=3"], "callbacks.patience is now callbacks.early_stopping.patience"),
        (["+callbacks.mine=3"], "callbacks.mine must be null or"),
    ],
)
def test_wrong_values_are_refused_before_data_is_read(words: list[str], said: str):
    with pytest.raises(UserError, match=said):
        check_combination(compose_run(["data=digits", "trainer=cpu", *words]))


@pytest.mark.parametrize(
    "word",
    ["trainer.strategy=DDP", "trainer.strategy=ddp_find_unused_parameters_true", "trainer.max_time=00:00:10:00",
     "trainer.val_check_interval=1.0", "trainer.val_check_interval=00:00:10:00", "trainer.max_time={hours: 1}",
     "trainer.plugins=[{_target_: lightning.pytorch.plugins.io.AsyncCheckpointIO}]", "trainer.fast_dev_run=3",
     "trainer.profiler={_target_: lightning.pytorch.profilers.SimpleProfiler}", "trainer.overfit_batches=2"],
)  # fmt: skip
def test_what_lightning_takes_passes(word: str):
    check_combination(compose_run(["data=digits", "trainer=cpu", word]))


def test_the_names_of_strategies_are_those_that_lightning_knows_and_the_run_starts_itself():
    started_elsewhere = {"spawn", "fork", "notebook", "xla", "tpu"}
    known = [
        name for name in StrategyRegistry.available_strategies() if not started_elsewhere & {*name.split("_")}
    ]
    assert {*known, "auto"} == {*STRATEGIES}


def test_a_fast_run_takes_one_batch_and_says_what_it_leaves_out(run: Callable[..., Run]):
    done = run("trainer.fast_dev_run=true")
    assert len(steps()) == 1
    assert "trainer.fast_dev_run=True" in log(done)
    assert "rmse" in done.result["val"]


def test_two_batches_of_each_epoch_are_two_steps_of_the_schedule(run: Callable[..., Run]):
    done = run("trainer.limit_train_batches=2")
    assert [entry[:3] for entry in steps()] == [(0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 1, 4)]
    assert done.history.step.tolist() == [2, 4]


def test_the_length_of_the_schedule_follows_from_the_limits():
    class Data:
        def num_batches(self, _: int) -> int:
            return 7

    def count(**trainer: object) -> int:
        plain = {"fast_dev_run": False, "overfit_batches": 0.0, "limit_train_batches": None, "max_steps": -1,
                 "accumulate_grad_batches": 1}  # fmt: skip
        data: Any = Data()
        return count_steps(OmegaConf.create({"trainer": plain | trainer}), data, 3)

    assert count() == 21
    assert count(accumulate_grad_batches=3) == 9
    assert count(limit_train_batches=2) == count(overfit_batches=2) == 6
    assert count(limit_train_batches=0.5) == 9
    assert count(max_steps=5) == 5
    assert count(fast_dev_run=True) == 1


def test_the_last_of_the_steps_is_validated(run: Callable[..., Run]):
    run("trainer.max_steps=5", "trainer.check_val_every_n_epoch=2")
    assert len(steps()) == 5
    assert validations() == [5]


def test_time_ends_training_after_a_validation(run: Callable[..., Run]):
    done = run(
        "trainer.max_epochs=100000", "trainer.max_time={seconds: 1}", "callbacks.early_stopping.patience=null"
    )
    assert 0 < len(steps()) < 700000
    assert validations()[-1] == len(steps())
    assert "trainer.max_time" in log(done)


def test_algorithms_are_deterministic_while_it_trains_and_not_after(run: Callable[..., Run]):
    run("trainer.deterministic=true", "trainer.max_epochs=1")
    assert [entry[1] for entry in SEEN if len(entry) == 3] == [True]
    assert not torch.are_deterministic_algorithms_enabled()


def test_overfitting_sees_the_same_batches_in_each_epoch(run: Callable[..., Run]):
    run("trainer.overfit_batches=2", "trainer.max_epochs=3")
    epochs = [[entry[3] for entry in steps() if entry[0] == epoch] for epoch in range(3)]
    assert len(epochs[0]) == 2
    assert epochs[0] == epochs[1] == epochs[2]


@pytest.mark.parametrize(("every", "accumulate"), [(2, 3), (2, 1), (4, 2), (5, 3)])
def test_validations_come_after_exactly_so_many_steps(run: Callable[..., Run], every: int, accumulate: int):
    words = [f"trainer.val_every_n_steps={every}", f"trainer.accumulate_grad_batches={accumulate}"]
    done = run(*words, "trainer.max_epochs=4")
    total = 4 * -(-7 // accumulate)
    assert validations() == done.history.step.tolist() == list(range(every, total + 1, every))


def test_lightnings_monitors_write_into_the_run_folder(run: Callable[..., Run]):
    names = ("LearningRateMonitor", "DeviceStatsMonitor")
    done = run(
        *(f"+callbacks.{name}={{_target_: {MONITOR}.{name}}}" for name in names),
        "trainer.log_every_n_steps=1",
    )
    table = pd.read_csv(done.folder.steps)
    assert any(name.startswith("lr-") for name in table)
    assert any(name.startswith("DeviceStatsMonitor") for name in table)


def test_lightnings_checkpoints_keep_the_best_three_by_the_monitor_of_the_run(run: Callable[..., Run]):
    done = run(
        f"+callbacks.top={{_target_: {MONITOR}.ModelCheckpoint, save_top_k: 3}}", "trainer.max_epochs=5"
    )
    assert len(list(done.folder.path.rglob("epoch=*.ckpt"))) == 3
    assert done.folder.best.is_file()


def test_an_own_callback_gets_its_argument(run: Callable[..., Run]):
    run("trainer.max_epochs=1")
    assert [entry[2] for entry in SEEN if len(entry) == 3] == ["seen"]


def test_what_is_lost_by_removing_callbacks_is_said_once(run: Callable[..., Run]):
    removed = ("early_stopping", "ema", "finite", "history", "progress", "checkpoint")
    done = run(*(f"~callbacks.{name}" for name in removed))
    for name in ("early_stopping", "finite", "history", "checkpoint"):
        assert log(done).count(f"callbacks.{name} was removed") == 1
    assert len(steps()) == 14
    assert done.result["status"] == "done"


def test_without_checkpoints_the_last_weights_count(run: Callable[..., Run]):
    done = run("trainer.enable_checkpointing=false")
    assert "the last weights count" in log(done)
    assert done.result["best_epoch"] == 2
