"""Twenty trainings, five of which fail in different ways, while their driver is killed: what is lost, what repeated.

A small perceptron on scikit-learn's diabetes data, two trials at a time. One trial names a column that is not there,
one has a learning rate that makes the loss NaN, and one each raises an exception, calls sys.exit and is killed by
SIGKILL in the middle of its work. The driver of the sweep is killed by SIGKILL `--kills` times and the same command is
typed again.

    python tests/robustness/sweep_kills.py [--kills 3]
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

EPOCHS = 20
EXCEPTION, EXIT, KILLED = 91, 93, 94  # seeds of the trials that end by what Python loads first, see DEATH
DEATH = f"""
import os, pathlib, re, signal, sys
config = pathlib.Path(sys.orig_argv[-1], "config.yaml")
trial = "groundwork.launch.process.trial" in sys.orig_argv
seed = re.search(r"^seed: (\\d+)", config.read_text(), re.M) if trial else None
def die(*_):
    if not hasattr(sys.modules.get("groundwork.train.ready"), "make_ready"):
        return  # an import may swallow what is raised
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if seed[1] == "{EXCEPTION}":
        raise RuntimeError("a plugged-in part broke")
    if seed[1] == "{EXIT}":
        sys.exit(3)
    os.kill(os.getpid(), signal.SIGKILL)
if seed and seed[1] in ("{EXCEPTION}", "{EXIT}", "{KILLED}"):
    signal.signal(signal.SIGVTALRM, die)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.5, 0.2)  # seconds of work
"""
SHARED = ["experiment=diabetes", "model.hidden=[16]", f"trainer.max_epochs={EPOCHS}",
          "callbacks.early_stopping.patience=null",
          "trainer=cpu", "metrics.resamples=20", "report.write=false", "cluster.jobs=2"]  # fmt: skip
VARIED = [[f"seed={seed}"] for seed in (*range(15), EXCEPTION, EXIT, KILLED)]
VARIED += [["data.drop=[nothing]"], ["optim=sgd", "optim.lr=1e30"]]
DRIVER = """
import json, pathlib, sys
from groundwork.core.console import Console
from groundwork.launch.cli import enter
from groundwork.launch.sweep.launch import Sweep, open_sweeps
from groundwork.launch.sweep.multirun import swept
runs = pathlib.Path(sys.argv[1])
open_sweeps.append(Sweep(runs, Console()))
raise SystemExit(enter(lambda _: swept(runs, lambda: open_sweeps[0].run(json.loads(sys.stdin.read())))))
"""


def drive(runs: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    places = [f"paths.runs={runs}", f"paths.cache={runs.parent / 'cache'}"]
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(runs)], env=environment, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert driver.stdin is not None
    driver.stdin.write(json.dumps([[*SHARED, *places, *words] for words in VARIED]))
    driver.stdin.close()
    return driver


def ended(runs: Path) -> int:
    """Count the trials that the record knows to have ended."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in (runs / ".sweeps").glob("*.json")]
    return sum(
        entry["status"] in ("done", "failed") for record in records for entry in record["trials"].values()
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=3)
    kills = parser.parse_args().kills
    with TemporaryDirectory() as scratch:
        runs = Path(scratch) / "runs"
        (Path(scratch) / "sitecustomize.py").write_text(DEATH, encoding="utf-8")
        search = os.pathsep.join(filter(None, [scratch, os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": search}
        for number in range(kills):
            driver = drive(runs, environment)
            while ended(runs) < (number + 1) * len(VARIED) // (kills + 1) and driver.poll() is None:
                time.sleep(0.1)
            driver.send_signal(signal.SIGKILL)
            driver.wait()
        status = drive(runs, environment).wait()
        (record,) = (
            json.loads(path.read_text(encoding="utf-8")) for path in (runs / ".sweeps").glob("*.json")
        )
        entries = list(record["trials"].values())
        done = [Path(entry["folder"]) for entry in entries if entry["status"] == "done"]
        epochs = [pd.read_csv(folder / "history.csv").epoch.tolist() for folder in done]
        whole = epochs.count(list(range(1, EPOCHS + 1)))
        results = {json.dumps(json.loads((folder / "result.json").read_text())["val"]) for folder in done}
        print(f"{len(entries)} trials, driver killed {kills} times, exit status {status}: {len(done)} done with "
              f"{len(results)} different results, {whole} of them with every epoch once; "
              f"{len(entries) - len(done)} failed")  # fmt: skip
        for entry in entries:
            if entry["status"] != "done":
                print(
                    f"  {entry['words'][-1]}: {entry['status']} after {entry['tries']} tries: {entry['error']}"
                )


if __name__ == "__main__":
    main()
