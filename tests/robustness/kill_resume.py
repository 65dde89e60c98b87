"""End small runs at random moments, let them go on, and compare every bit: `kill_resume.py [key=number ...]`.

`kills=50` of them by SIGKILL, `in_save=15` or more of these inside the writing of a checkpoint: after a random number
of its bytes, or between its parts; the others at a random time of the whole run. `signals=20` by TERM, INT or USR1 in
the middle of a random training batch. `ranks=2` trains by two processes, which gloo joins. Each run is ended once and
then goes on to its end. Children are forked after the imports. Prints one line of figures. Linux and macOS only.
"""

import os
import random
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from forks import KILLED, STOPPED, Moment, count_writes, work_in_forks

from groundwork.core.run_folder import RunFolder
from groundwork.evaluate import concluding as training
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.train.checkpoint import load

DEFAULTS = {"kills": 50, "in_save": 15, "signals": 20, "ranks": 1, "seed": 0}
BATCHES = 200  # of the whole run, in both phases, on one rank
AFTER = ("measure_baselines", "write_report", "write_attention", "write_dependence", "draw_augmentation")


def main(words: list[str]) -> int:
    options = DEFAULTS | {key: int(value) for key, _, value in (word.partition("=") for word in words)}
    for name in AFTER:  # the same whatever was killed, and slow
        setattr(training, name, lambda *_: {})
    draw, ranks = random.Random(options["seed"]), options["ranks"]
    count = dict.fromkeys(
        ("kills", "in_save", "unreadable", "same_after_kill", "signals", "same_after_signal"), 0
    )
    with tempfile.TemporaryDirectory() as place:
        runs = Runs(Path(place), ranks, draw)
        runs.whole()
        with suppress(KeyboardInterrupt):  # Ctrl-C: the figures so far
            count_ends(runs, draw, options, count)
    print(
        f"{ranks} rank{'s' if ranks > 1 else ''}, {runs.saves} saves a run: {count['same_after_kill']} of "
        f"{count['kills']} killed runs ({count['in_save']} inside a save) and {count['same_after_signal']} of "
        f"{count['signals']} stopped by a signal end bit-identical, {count['unreadable']} unreadable"
    )
    right = count["same_after_kill"] + count["same_after_signal"] == count["kills"] + count["signals"]
    return int(not right or count["unreadable"] > 0)


def count_ends(runs: "Runs", draw: random.Random, options: dict[str, int], count: dict[str, int]) -> None:
    """End runs by kills, then by signals, and count what came of them."""
    while count["kills"] < options["kills"]:
        in_save = count["in_save"] < options["in_save"] or draw.random() < 0.5
        how, same, unreadable = runs.ended_at(
            Moment("save", draw.randint(1, runs.saves), draw.random())
            if in_save
            else Moment("time", draw.uniform(0.05, runs.seconds))
        )
        if how == KILLED:  # else it was faster than the clock
            count["kills"] += 1
            count["in_save"] += in_save
            count["same_after_kill"] += same
            count["unreadable"] += unreadable
    while count["signals"] < options["signals"]:
        how, same, unreadable = runs.ended_at(Moment("signal", draw.randint(1, BATCHES // runs.ranks)))
        if how == STOPPED:
            count["signals"] += 1
            count["same_after_signal"] += same
            count["unreadable"] += unreadable


class Runs:
    """Begin runs of one configuration and end them.

    Args:
        place: Where table and run folders lie.
        ranks: Of each run.
        draw: Random moments.
    """

    def __init__(self, place: Path, ranks: int, draw: random.Random):
        self.place, self.ranks, self.draw, self.number = place, ranks, draw, 0
        self.words = configuration(place, ranks)
        self.said = place / "said.txt"

    def whole(self) -> None:
        """Train once without an end in between, and remember what came out."""
        record, began = self.place / "saves", time.monotonic()

        def act() -> None:
            if int(os.environ.get("RANK", 0)) == 0:
                count_writes(record)
            start(compose_run([*self.words, "name=whole"]))

        work_in_forks(act, None, self.ranks, self.draw, self.said)
        self.seconds, self.saves = time.monotonic() - began, int(record.read_text(encoding="utf-8"))
        folder = self._folder("whole")
        assert folder is not None
        self.expected = outcome(folder)

    def ended_at(self, moment: Moment) -> tuple[int, bool, bool]:
        """Begin a run, end it at a moment and let it go on.

        Returns:
            How it ended first; whether it ends as the whole one; whether it could not go on.
        """
        self.number += 1
        name = f"run-{self.number}"
        words = [*self.words, f"name={name}"]
        how = work_in_forks(lambda: start(compose_run(words)), moment, self.ranks, self.draw, self.said)
        folder = self._folder(name)
        try:
            if folder is None:  # killed before there was anything to go on with
                work_in_forks(lambda: start(compose_run(words)), None, self.ranks, self.draw, self.said)
            else:
                path = str(folder.path)
                work_in_forks(lambda: resume(path, []), None, self.ranks, self.draw, self.said)
        except RuntimeError as error:
            print(f"{name}, {moment}: {error}", file=sys.stderr)
            return how, False, True
        folder = self._folder(name)
        same = folder is not None and outcome(folder) == self.expected
        if not same:
            print(f"{name}, {moment}: another outcome", file=sys.stderr)
        return how, same, False

    def _folder(self, name: str) -> RunFolder | None:
        found = list((self.place / "runs" / name).glob("*/config.yaml"))
        return RunFolder(found[0].parent) if found else None


def configuration(place: Path, ranks: int) -> list[str]:
    """Draw a table and name a run on it: two phases, dropout, a moving average, steps of two batches."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    frame["y"] = np.where(frame.a + frame.b**2 > 1, "yes", "no")
    frame.to_csv(place / "table.csv", index=False)
    phase = "{{_target_: groundwork.transfer.Phase, train: {}, share: 0.5, lr: 1.0, layer_decay: 1.0}}"
    return [
        "data=table", f"data.table={place / 'table.csv'}", "data.target=y", "task=classification", "data.batch_size=8",
        "model=mlp", "model.dropout=0.2", "transfer=none", "trainer=cpu", f"trainer.devices={ranks}",
        "trainer.max_epochs=8", "metrics.resamples=20", "trainer.accumulate_grad_batches=2",
        "trainer.val_every_n_steps=7",
        "callbacks.ema.decay=0.9", "callbacks.early_stopping.patience=null", "callbacks.checkpoint.minutes=0",
        f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}",
        f"transfer.phases=[{phase.format('head')},{phase.format('all')}]",
    ]  # fmt: skip


def outcome(folder: RunFolder) -> Any:
    """Collect what must be equal: weights of both checkpoints, history, metrics."""
    result = folder.read_json("result.json")
    weights = [load(path)["state_dict"] for path in (folder.best, folder.last)]
    bits = [{name: value.numpy().tobytes() for name, value in state.items()} for state in weights]
    return bits, folder.history.read_text(encoding="utf-8"), result.get("val"), result.get("best_epoch")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1:]))
