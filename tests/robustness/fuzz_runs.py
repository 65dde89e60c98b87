"""Fuzz the loader of run folders: `fuzz_runs.py [seconds=600] [seed=0]` changes files of a small run for that long.

Each case changes one file: bits, cuts, pieces, another file's content, nothing at all in its place, or keys of YAML,
JSON and checkpoints (with a checksum that is right) by other values. Then it is read as `Run`, evaluate, predict,
compare, the report and resume read it. Each must succeed or end with one line of ours. Prints one line of figures.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml

from groundwork.core.errors import UserError
from groundwork.core.intact import intact
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate import concluding as training
from groundwork.evaluate import seal as evaluate
from groundwork.evaluate.compare import compare_runs
from groundwork.evaluate.predict import predict_inputs
from groundwork.evaluate.run import Run
from groundwork.evaluate.seal import seal_runs
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.launch.start import resume
from groundwork.report import write_report
from groundwork.train import fit as fitting
from groundwork.train.checkpoint import load, save

SECONDS_OF_ONE = 300
AFTER = ("measure_baselines", "write_report", "write_attention", "write_dependence", "draw_augmentation")
FILES = (
    "config.yaml", "result.json", "data.json", "environment.json", "splits.csv", "history.csv",
    "predictions/val.parquet", "checkpoints/best.ckpt", "checkpoints/last.ckpt",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**70, 1e308, float("nan"), "", "x" * 1000, "${oc.env:HOME}", "../..", [], [[]], {}, {"a": {}},
    {"_target_": "os.system"}, {"_target_": "torch.nn.Linear"}, "2024-02-30", "\x00", "é", [1, "a", None],
)  # fmt: skip
PIECES = (
    b"\x00",
    b"\xff\xfe",
    b"- ",
    b": ",
    b"{",
    b"]",
    b'"',
    b"\n",
    b"&a *a",
    b"!!python/name:os.system",
    b",",
    b"\r",
)


def main(words: list[str]) -> int:
    options = {"seconds": 600, "seed": 0} | {
        key: int(value) for key, _, value in (word.partition("=") for word in words)
    }
    with tempfile.TemporaryDirectory() as place:
        counts = fuzz(Path(place), random.Random(options["seed"]), options["seconds"], sys.maxsize)
    print(
        f"{counts['cases']:,} changed run folders, {options['seconds']} s: {counts['read']:,} commands succeeded, "
        f"{counts['refused']:,} ended in one line of error, {counts['uncaught']} in another exception"
    )
    return int(counts["uncaught"] > 0)


def fuzz(place: Path, draw: random.Random, seconds: float, cases: int) -> Counter[str]:
    """Change a run folder so many times, or for so long."""
    counts = Counter[str]()
    for module, names in ((training, AFTER), (evaluate, ("write_report",))):
        for name in names:  # slow, and tested by themselves
            setattr(module, name, lambda *_: {})
    whole = small_run(place).path
    shutil.copytree(whole, place / "whole")
    end = time.monotonic() + seconds
    while time.monotonic() < end and counts["cases"] < cases:
        name, seed = draw.choice(FILES), draw.random()
        trains = draw.random() < 0.3  # which takes longer
        for what, act in commands(whole, place).items():
            if what == "resume" and not trains:
                continue
            shutil.rmtree(whole)
            shutil.copytree(place / "whole", whole)
            if what == "resume":
                result = json.loads((whole / "result.json").read_text(encoding="utf-8"))
                stopped = json.dumps({**result, "status": "interrupted"})
                (whole / "result.json").write_text(stopped, encoding="utf-8")
            change(place / "whole", whole, name, random.Random(seed))  # the same for every command
            counts[judge(act, f"{what} of a changed {name}")] += 1
        counts["cases"] += 1
    return counts


def small_run(place: Path) -> RunFolder:
    """Train two epochs on a small table; the last checkpoint stands inside them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    frame["y"] = np.where(frame.a > 0, "yes", "no")
    frame.to_csv(place / "table.csv", index=False)
    work = [
        "data=table", f"data.table={place / 'table.csv'}", "data.target=y", "task=classification", "model=mlp",
        "trainer=cpu", "trainer.max_epochs=2", "transfer=none", "metrics.resamples=20",
        f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}",
    ]  # fmt: skip
    kept = place / "inside.ckpt"
    original = fitting.finish_phase

    def keep_last(context: Any, *rest: Any) -> None:
        shutil.copyfile(context.folder.last, kept)
        original(context, *rest)

    fitting.finish_phase = keep_last
    with redirect_stdout(StringIO()):
        start(compose_run(work))
    fitting.finish_phase = original
    folder = RunFolder.find("latest", place / "runs")
    shutil.copyfile(kept, folder.last)
    folder.previous.unlink(missing_ok=True)
    return folder


def commands(path: Path, place: Path) -> dict[str, Callable[[], object]]:
    """List what reads a run folder, each afresh."""
    keys = {"run": str(path), "runs": str(path), "split": "val", "paths.runs": str(place / "runs")}
    predicting = {**keys, "input": str(place / "table.csv"), "output": str(place / "predicted.csv")}
    return {
        "Run": lambda: [Run(path).config, Run(path).result, Run(path).splits, Run(path).history],
        "predictions": lambda: Run(path).predictions("val"),
        "network": lambda: Run(path).model(),
        "evaluate": lambda: seal_runs({"run": str(path), "paths.runs": str(place / "runs")}),
        "predict": lambda: predict_inputs(predicting),
        "compare": lambda: compare_runs({**keys, "output": str(place / "compared")}),
        "report": lambda: draw_report(path),
        "resume": lambda: resume(str(path), []),
    }


def draw_report(path: Path) -> None:
    """Draw the report as `evaluate` does at its end."""
    with intact(path):
        write_report(path, {})


def judge(act: Callable[[], object], what: str) -> str:
    """Say what came of a command."""
    said = StringIO()
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, _hangs)
        signal.alarm(SECONDS_OF_ONE)
    try:
        with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            act()
    except UserError as error:
        if len(str(error).splitlines()) == 1:
            return "refused"
        print(f"{what}: more than one line: {error}", file=sys.stderr)
        return "uncaught"
    except Exception:
        print(f"{what}:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        return "uncaught"
    finally:
        if hasattr(signal, "alarm"):
            signal.alarm(0)
    return "read"


def _hangs(*_: object) -> None:
    raise TimeoutError(f"not over after {SECONDS_OF_ONE} s")


def change(whole: Path, folder: Path, name: str, draw: random.Random) -> None:
    """Write a changed copy: nothing, another file, other bytes or, most of the time, other values."""
    source, target, chance = whole / name, folder / name, draw.random()
    if chance < 0.03:
        target.unlink()
    elif chance < 0.06:
        target.write_bytes((whole / draw.choice(FILES)).read_bytes())
    elif chance < 0.08 and hasattr(os, "mkfifo"):
        target.unlink()
        os.mkfifo(target)
    elif source.suffix in (".csv", ".parquet") or chance < 0.3:
        target.write_bytes(changed_bytes(source.read_bytes(), draw))
    elif source.suffix == ".ckpt":
        content = changed_value(load(source), draw)
        if isinstance(content, dict):
            save(content, target)
    elif source.suffix == ".json":
        content = changed_value(json.loads(source.read_text(encoding="utf-8")), draw)
        target.write_text(json.dumps(content), encoding="utf-8")
    else:
        content = changed_value(yaml.safe_load(source.read_text(encoding="utf-8")), draw)
        target.write_text(yaml.safe_dump(content), encoding="utf-8")


def changed_bytes(content: bytes, draw: random.Random) -> bytes:
    """Flip, cut, insert and repeat."""
    data = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data) + 1)
        match draw.randrange(4):
            case 0:
                data[place : place + 1] = bytes([draw.randrange(256)])
            case 1:
                del data[place : place + draw.choice((1, 10, 10_000))]
            case 2:
                data[place:place] = draw.choice(PIECES)
            case 3:
                data[place:place] = data[place : place + draw.choice((1, 20, 500))]
    return bytes(data)


def changed_value(content: Any, draw: random.Random) -> Any:
    """Replace, remove or add one value at a random depth."""
    if not isinstance(content, dict | list) or not content or draw.random() < 0.1:
        return draw.choice(VALUES)
    copy = content.copy()
    key = draw.choice(list(copy)) if isinstance(copy, dict) else draw.randrange(len(copy))
    chance = draw.random()
    if chance < 0.1:
        del copy[key]
    elif chance < 0.15 and isinstance(copy, dict):
        copy[draw.choice(("x", "_target_", "_args_", "_partial_"))] = draw.choice(VALUES)
    else:
        copy[key] = changed_value(copy[key], draw)
    return copy


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1:]))
