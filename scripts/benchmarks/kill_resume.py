"""Kill a small run by SIGKILL at random moments, let it go on, and compare: `kill_resume.py [kills=50] [in_save=15]`.

Half of the kills come after a random time, the others inside the writing of a checkpoint: after a random number of
its bytes, or between its parts. Each killed run goes on until it is done or killed again; a run ends
after three kills. Children are forked after the imports. Prints one line of figures. Linux and macOS only.
"""

import os
import random
import signal
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from groundwork.batch import UserError
from groundwork.run import train as training
from groundwork.run import whole
from groundwork.run.checkpoint import load
from groundwork.run.compose import compose_run
from groundwork.run.folder import RunFolder
from groundwork.run.start import resume, start

SECONDS = 3.0  # a kill by time comes within so many
KILLS_PER_RUN = 3
AFTER = ("measure_baselines", "write_report", "write_attention", "write_dependence", "draw_augmentation")


def main(words: list[str]) -> int:
    options = {"kills": 50, "in_save": 15} | {
        key: int(value) for key, _, value in (w.partition("=") for w in words)
    }
    for name in AFTER:  # the same whatever was killed, and slow
        setattr(training, name, lambda *_: {})
    with tempfile.TemporaryDirectory() as place:
        work = configuration(Path(place))
        child(lambda: start(compose_run(work)), None)
        whole_run = outcome(RunFolder.find("latest", Path(place) / "runs"))
        count = {"kills": 0, "in_save": 0, "runs": 0, "identical": 0, "unreadable": 0}
        draw = random.Random(0)
        while count["kills"] < options["kills"]:
            one_run(Path(place), work, whole_run, count, options, draw)
    print(
        f"{count['kills']} kills ({count['in_save']} inside a save) in {count['runs']} runs: "
        f"{count['identical']} of {count['runs']} bit-identical, {count['unreadable']} unreadable"
    )
    return int(count["identical"] < count["runs"] or count["unreadable"] > 0)


def configuration(place: Path) -> list[str]:
    """Draw a table and name a run on it: two phases, dropout, a moving average, steps of two batches."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    frame["y"] = np.where(frame.a + frame.b**2 > 1, "yes", "no")
    frame.to_csv(place / "table.csv", index=False)
    phase = "{{_target_: groundwork.transfer.Phase, train: {}, share: 0.5, lr: 1.0, layer_decay: 1.0}}"
    return [
        "data=table", f"data.table={place / 'table.csv'}", "data.target=y", "task=classification", "data.batch_size=8",
        "model=mlp", "model.dropout=0.2", "transfer=none", "trainer=cpu", "trainer.max_epochs=8",
        "metrics.resamples=20", "trainer.accumulate=2", "trainer.val_every_n_steps=7", "callbacks.ema=0.9",
        "callbacks.patience=null", "callbacks.checkpoint_minutes=0",
        f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}",
        f"transfer.phases=[{phase.format('head')},{phase.format('all')}]",
    ]  # fmt: skip


def one_run(
    place: Path,
    work: list[str],
    expected: Any,
    count: dict[str, int],
    options: dict[str, int],
    draw: random.Random,
) -> None:
    """Start a run, kill it a few times, and let it end."""
    count["runs"] += 1
    folder, before = None, set((place / "runs").glob("*/*"))
    for _ in range(KILLS_PER_RUN):
        in_save = count["in_save"] < options["in_save"] or draw.random() < 0.5
        moment = (
            ("save", draw.randrange(1, 60), draw.random())
            if in_save
            else ("time", draw.random() * SECONDS, 0.0)
        )
        killed = child(lambda known=folder: go(work, known), moment)
        new = [path for path in set((place / "runs").glob("*/*")) - before if (path / "config.yaml").exists()]
        folder = RunFolder(new[0]) if new else None  # killed before there was anything to go on with
        count["kills"] += killed
        count["in_save"] += killed and in_save
        if not killed:
            break
    if folder is None:
        count["runs"] -= 1
        return
    count["unreadable"] += child(lambda: go(work, folder), None) != 0
    count["identical"] += outcome(folder) == expected


def go(work: list[str], folder: RunFolder | None) -> int:
    """Begin a run, or go on with it."""
    return start(compose_run(work)) if folder is None else resume(str(folder.path), [])


def child(act: Any, moment: tuple[str, float, float] | None) -> bool:
    """Do something in a forked process and tell whether it was killed as planned.

    Raises:
        RuntimeError: If it failed by itself.
    """
    process = os.fork()
    if process == 0:
        status = 1
        try:
            if moment is not None and moment[0] == "save":
                kill_in_save(int(moment[1]), moment[2])
            with redirect_stdout(Path(os.devnull).open("w", encoding="utf-8")):
                status = act()
        except UserError as error:
            print(error, file=sys.stderr)
        finally:
            os._exit(status)
    if moment is not None and moment[0] == "time":
        time.sleep(moment[1])
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"a run ended with status {os.waitstatus_to_exitcode(status)}")
    return False


def kill_in_save(number: int, share: float) -> None:
    """Make the n-th checkpoint from now end this process: inside its bytes, before the move, or after it."""
    left, write = [number], whole.write_bytes

    def torn(path: Path, content: Any) -> None:
        left[0] -= path.suffix == ".ckpt"
        if left[0] or path.suffix != ".ckpt":
            return write(path, content)
        if share > 0.9:
            write(path, content)
        else:
            size = len(content) if share > 0.8 else int(len(content) * share / 0.8)
            path.with_name(f".{path.name}.torn{whole.TEMPORARY}").write_bytes(bytes(content)[:size])
        return os.kill(os.getpid(), signal.SIGKILL)

    from groundwork.run import checkpoint

    checkpoint.write_bytes = torn


def outcome(folder: RunFolder) -> Any:
    """Collect what must be equal: weights of both checkpoints, history, metrics."""
    result = folder.read_json("result.json")
    weights = [load(path)["state_dict"] for path in (folder.best, folder.last)]
    bits = [{name: value.numpy().tobytes() for name, value in state.items()} for state in weights]
    return bits, folder.history.read_text(encoding="utf-8"), result["val"], result["best_epoch"]


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1:]))
