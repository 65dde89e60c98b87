"""Several phases in one fit: each its own, shared epochs, and the same bits wherever the run was stopped."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback
from safetensors.torch import load_file, save_file

from groundwork.core.console import Console
from groundwork.core.epochs import share_epochs
from groundwork.core.errors import UserError
from groundwork.core.noise import silence
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.network import network_of
from groundwork.launch.config.compose import compose_run
from groundwork.train.build import describe_data
from groundwork.train.callbacks.history import ProgressBar
from groundwork.train.checkpoint import load
from groundwork.train.context import build_context
from groundwork.train.fit import fit
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples
from groundwork.train.warm import read_warm

LPFT = ("transfer=large_similar", "transfer.solver=sgd")
LORA = ("transfer=lora", "transfer.solver=sgd", "transfer.rank=2")
SHORT = (
    "trainer.max_epochs=4",
    "execution=plain",
    "data.batch_size=8",
    "optim.lr=1e-2",
    "callbacks.early_stopping.patience=null",
)


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Stand for a kill."""


class Fits:
    """Fit a network into one folder after the other, whole or stopped on the way."""

    def __init__(self, words: list[str], place: Path):
        self.config, self.place = compose_run(words).config, place
        samples, target = read_samples(self.config)
        self.prepared = prepare(self.config, samples, target, Console(quiet=True))
        self.data = describe_data(self.config, self.prepared)

    def fit(self, name: str, resume: bool = False) -> RunFolder:
        silence()
        folder = RunFolder.furnish(self.place / name)
        config = self.config.copy()
        run = build_context(folder, config, self.prepared, self.data, Console(quiet=True))
        fit(replace(run, resume=resume))
        return folder

    def stopped(self, name: str, hook: str, at: int, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
        """Stop after the step of this number, and go on."""

        def stop(_: Any, trainer: Trainer, *__: Any) -> None:
            if trainer.global_step == at:
                raise Stopped

        with monkeypatch.context() as patched:
            patched.setattr(ProgressBar, hook, stop)
            with pytest.raises(Stopped):
                self.fit(name)
        return self.fit(name, resume=True)


def same(one: RunFolder, other: RunFolder) -> bool:
    """Tell whether two folders hold the same history and the same weights, bit for bit."""
    first, second = load(one.best)["state_dict"], load(other.best)["state_dict"]
    assert one.history.read_text() == other.history.read_text()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def two_phases(
    tmp_path_factory: pytest.TempPathFactory, write_pretrained: Callable[[Path], list[str]]
) -> tuple[Fits, RunFolder]:
    """Give fits of two phases, and one that nothing stopped."""
    place = tmp_path_factory.mktemp("phases")
    fits = Fits([*write_pretrained(place), *SHORT, *LPFT], place)
    return fits, fits.fit("whole")


def test_epochs_are_shared_out_and_sum_to_the_total():
    assert share_epochs([0.1, 0.9], 30) == [3, 27]
    assert share_epochs([0.1, 0.2, 0.2, 0.5], 10) == [1, 2, 2, 5]
    assert share_epochs([0.1, 0.2, 0.2, 0.5], 4) == [1, 1, 1, 1]
    assert share_epochs([0.1, 0.9], 1) == [1, 1]  # no phase goes without an epoch
    for total in range(4, 60):
        assert sum(share_epochs([0.1, 0.2, 0.2, 0.5], total)) == total


def test_one_fit_trains_all_phases_and_the_history_counts_on(
    tmp_path: Path, pretrained: list[str], monkeypatch: pytest.MonkeyPatch
):
    fits = []
    real = Trainer.fit
    monkeypatch.setattr(Trainer, "fit", lambda self, *a, **k: (fits.append(self), real(self, *a, **k))[1])
    folder = Fits([*pretrained, *SHORT, *LPFT], tmp_path).fit("run")
    assert len(fits) == 1
    history = pd.read_csv(folder.history)
    assert history.phase.tolist() == [1, 2, 2, 2]
    assert history.epoch.tolist() == [1, 2, 3, 4]
    assert history.step.is_monotonic_increasing
    assert not folder.finished.exists()


# With 28 training rows in batches of 8 an epoch has 4 steps: the phases end after steps 4 and 16.
@pytest.mark.parametrize(
    ("hook", "at"),
    [
        ("on_train_batch_end", 2),  # nothing is saved yet
        ("on_train_batch_end", 5),  # the second phase has begun, and the checkpoint is of the first
        ("on_validation_end", 8),  # between the best checkpoint of the second phase and the last one
        ("on_train_end", 16),  # all is trained, and not yet written down
    ],
)
def test_a_run_stopped_anywhere_ends_with_the_same_bits(
    two_phases: tuple[Fits, RunFolder], hook: str, at: int, monkeypatch: pytest.MonkeyPatch
):
    fits, whole = two_phases
    assert same(whole, fits.stopped(f"stopped-{hook}-{at}", hook, at, monkeypatch))


def test_adapters_stopped_on_the_way_end_with_the_same_bits_and_are_all_that_is_kept(
    tmp_path: Path, pretrained: list[str], monkeypatch: pytest.MonkeyPatch
):
    fits = Fits([*pretrained, *SHORT, *LORA], tmp_path)
    whole = fits.fit("whole")
    assert same(whole, fits.stopped("stopped", "on_train_batch_end", 10, monkeypatch))
    kept = load(whole.best)["state_dict"]
    names = [name for name in kept if name.startswith("network.backbone.")]
    assert names
    assert all(name.endswith((".lora_A", ".lora_B")) for name in names)
    network_of(load(whole.best), fits.config, whole.best)
    weights = tmp_path / "weights.safetensors"
    save_file({name: value * 1.01 for name, value in load_file(weights).items()}, weights)
    with pytest.raises(UserError, match="must meet the weights that it was trained on, whose hash is"):
        network_of(load(whole.best), fits.config, whole.best)
    next_one = compose_run([*pretrained, f"model.pretrained={whole.best}"]).config
    with pytest.raises(UserError, match="must be a run with a whole backbone"):
        read_warm(RunFolder.furnish(tmp_path / "next"), next_one)


def test_a_kill_between_two_files_takes_the_best_of_the_right_phase(
    two_phases: tuple[Fits, RunFolder], monkeypatch: pytest.MonkeyPatch
):
    fits, whole = two_phases
    from groundwork.train.checkpoint import keep

    real = keep.KeepBestAndLast._save_last

    def stop(self: Any, trainer: Trainer, **others: bool) -> None:
        if trainer.global_step == 8:  # best.ckpt is of the second phase already, last.ckpt of the first
            raise Stopped
        real(self, trainer, **others)

    with monkeypatch.context() as patched:
        patched.setattr(keep.KeepBestAndLast, "_save_last", stop)
        with pytest.raises(Stopped):
            fits.fit("stopped")
    assert same(whole, fits.fit("stopped", resume=True))


def test_patience_ends_a_phase_and_not_the_run(
    tmp_path: Path, pretrained: list[str], monkeypatch: pytest.MonkeyPatch
):
    # The monitor never improves: one validation, then one in vain, in the middle of an epoch.
    words = [*pretrained, *SHORT, *LPFT, "trainer.max_epochs=20", "trainer.val_every_n_steps=3",
             "callbacks.early_stopping.patience=1", "optim.lr=1e-12"]  # fmt: skip
    fits = Fits(words, tmp_path)
    whole = fits.fit("whole")
    history = pd.read_csv(whole.history)
    assert history.phase.tolist() == [1, 1, 2, 2]
    assert history.epoch.max() < 20
    stopped = fits.stopped("stopped", "on_train_batch_end", 7, monkeypatch)
    assert same(whole, stopped)


def test_averages_schedules_and_best_weights_belong_to_a_phase(
    tmp_path: Path, pretrained: list[str], monkeypatch: pytest.MonkeyPatch
):
    seen: list[tuple[int, float]] = []

    class Rates(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            seen.append((trainer.global_step, trainer.optimizers[0].param_groups[-1]["lr"]))

    words = [*pretrained, *SHORT, *LPFT, "callbacks.ema.decay=0.9", "schedule=constant"]
    fits = Fits(words, tmp_path)
    real = Trainer.__init__

    def with_rates(self: Trainer, **options: Any) -> None:
        real(self, **{**options, "callbacks": [*options["callbacks"], Rates()]})

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "__init__", with_rates)
        whole = fits.fit("whole")
    rates = dict(seen)
    assert rates[4] == pytest.approx(1e-2)
    assert rates[5] == rates[16] == pytest.approx(1e-3)
    assert same(whole, fits.stopped("stopped", "on_train_batch_end", 10, monkeypatch))


SAME = """
import hashlib
from pathlib import Path
import torch
from lightning.pytorch import Callback

class Same(Callback):
    def __init__(self, place):
        self.place = Path(place)

    def on_train_epoch_end(self, trainer, pl_module):
        own = hashlib.sha256()
        for name, value in sorted(pl_module.state_dict().items()):
            own.update(value.detach().cpu().numpy().tobytes())
        found = [None] * trainer.world_size
        torch.distributed.all_gather_object(found, (own.hexdigest(), len(pl_module.state_dict())))
        if trainer.is_global_zero:
            with self.place.open("a") as file:
                file.write(f"{trainer.current_epoch} {found[0] == found[1]} {found[0][1]}\\n")
"""


@pytest.mark.slow
@pytest.mark.parametrize("transfer", [LPFT, LORA])
def test_the_ranks_hold_the_same_weights_after_every_phase(
    tmp_path: Path, pretrained: list[str], transfer: tuple[str, ...]
):
    (tmp_path / "same.py").write_text(SAME, encoding="utf-8")
    words = [*pretrained, *SHORT, *transfer, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2",
             f"+callbacks.same={{_target_: same.Same, place: {tmp_path / 'seen'}}}"]  # fmt: skip
    script = Path(__file__).resolve().parents[3] / "scripts" / "train.py"
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, str(script), *words], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = [line.split() for line in (tmp_path / "seen").read_text().splitlines()]
    assert [same for _, same, _ in seen] == ["True"] * 4
    assert int(seen[-1][2]) > int(seen[0][2])  # first the head alone, then the whole network
