"""Running out of memory says which batch size did it and what to take."""

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from groundwork.core.batch import Batch
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.data import TableSource
from groundwork.launch.config.compose import compose_run
from groundwork.launch.start import begin
from groundwork.model import FeatureBackbone, Network, StagePool
from groundwork.task import Task
from groundwork.train.checkpoint import load
from groundwork.train.machine.batch_size import smaller_batch
from groundwork.train.machine.memory import memory_explained
from groundwork.train.predict import predict

CONFIG = OmegaConf.create({"data": {"batch_size": 32}, "trainer": {"accumulate_grad_batches": 2}})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB\nmore"),
            r"batch_size=16 trainer\.accumulate_grad_batches=4",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "batch_size=32 must fit"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("unable to allocate shared memory(shm) for file"), "--shm-size"),
        (
            BrokenProcessPool(
                "A process in the process pool was terminated abruptly while the future was running."
            ),
            r"paths\.cache_gb.*batch_size=32",
        ),
        (RuntimeError("Too many open files. Communication with the workers is"), "ulimit -n"),
    ],
)
def test_it_is_one_line(error: Exception, said: str):
    with pytest.raises(UserError, match=said) as raised, memory_explained(CONFIG):
        raise error
    assert "\n" not in str(raised.value)


def test_a_single_sample_that_does_not_fit_needs_a_smaller_model():
    config = OmegaConf.create({"data": {"batch_size": 1}, "trainer": {"accumulate_grad_batches": 1}})
    with pytest.raises(UserError, match="smaller model"), memory_explained(config):
        raise torch.OutOfMemoryError("no")


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), memory_explained(CONFIG):
        raise RuntimeError("shapes differ")


@pytest.mark.parametrize(
    ("batch", "accumulate", "smaller"), [(32, 1, (16, 2)), (25, 4, (10, 10)), (7, 1, (1, 7)), (2, 3, (1, 6))]
)
def test_a_step_takes_as_many_samples_in_smaller_batches(
    batch: int, accumulate: int, smaller: tuple[int, int]
):
    assert smaller_batch(batch, accumulate) == smaller


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "many", "true", "[1]"])
def test_a_batch_size_that_is_no_number_of_samples_is_refused(wrong: str):
    with pytest.raises(UserError, match=r"data\.batch_size must be auto or a whole number"):
        compose_run(["data=digits", f"data.batch_size={wrong}"])


@pytest.fixture
def words(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("measure_baselines", "write_report", "write_attention", "write_dependence"):
        monkeypatch.setattr(f"groundwork.evaluate.concluding.{name}", lambda *_: {})
    return [
        "data=table", f"data.table={table}", "data.target=dear", "data.drop=[price]", "task=classification",
        "model=mlp", "model.dropout=0.1", "transfer=none", "trainer=cpu", "trainer.max_epochs=2",
        "metrics.resamples=20", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ]  # fmt: skip


def test_with_auto_the_batch_is_halved_until_it_fits_and_a_step_stays_as_large(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    begin(
        compose_run([*words, "name=small", "data.batch_size=8", "trainer.accumulate_grad_batches=4"]),
        Console(quiet=True),
    )
    step = Task.training_step

    def limited(self: Task, batch: Batch, batch_idx: int) -> torch.Tensor:
        if len(batch.index) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Task, "training_step", limited)
    folder = begin(compose_run([*words, "name=auto", "data.batch_size=auto"]), Console())
    said = capsys.readouterr().out
    assert "data.batch_size=32 does not fit into memory" in said
    assert "8 samples at a time, 4 times a step" in said
    config = RunFolder(folder.path).config
    assert (config.data.batch_size, config.trainer.accumulate_grad_batches) == (8, 4)
    assert load(folder.best)["config"]["data"]["batch_size"] == 8
    small = RunFolder(next((tmp_path / "runs" / "small").iterdir()))
    assert folder.history.read_text() == small.history.read_text()
    weights, expected = (load(one.best)["state_dict"] for one in (folder, small))
    assert all(torch.equal(value, expected[name]) for name, value in weights.items())


def test_without_auto_the_run_ends_with_what_to_set(words: list[str], monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Task, "training_step", full)
    with pytest.raises(
        UserError, match=r"batch_size=32 must fit.*batch_size=16 .*grad_batches=2, or .*=auto"
    ):
        begin(compose_run([*words, "data.batch_size=32"]), Console(quiet=True))


def test_predicting_takes_fewer_samples_at_a_time_by_itself():
    class Limited(torch.nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            if len(inputs) > 3:
                raise torch.OutOfMemoryError("no")
            return inputs

        def decode(self, output: torch.Tensor) -> torch.Tensor:
            return output

    rows, table = np.arange(10), np.arange(20.0).reshape(10, 2)
    network = Network(torch.nn.Identity(), FeatureBackbone(2), StagePool((0,), ("mean",)), Limited())
    source, cpu = TableSource(table), torch.device("cpu")
    found = predict(network, source, rows, 8, cpu, torch.float32, Console(quiet=True), "")
    assert found.tolist() == table.tolist()
