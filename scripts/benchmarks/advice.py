"""Train every scenario in full on four data sets and parts of them: how far does the advised one stay below the best?

Writes the table of truth to <runs>/truth.csv: accuracy on val and test of each scenario and rate. Then it trains with
transfer=auto under each budget, and prints the regret: which scenario is best is told by one half of the test rows and
measured on the other, and the halves swap, so that no luck is read twice.

    python scripts/benchmarks/advice.py --groceries GroceryStoreDataset                 # many hours on two cores
    python scripts/benchmarks/advice.py --data digits --shares 1 --budgets 1 5
    python scripts/benchmarks/advice.py --noise 20                                      # photographs of noise alone
    python scripts/benchmarks/advice.py --small                                         # only to see whether it runs

Finished runs are kept under --runs, so that the same command goes on where it stopped. With --jobs several runs train
at a time, each in a process that imports once; --minutes ends that after so long, and what is whole by then is judged.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

SCRIPTS = Path(__file__).parents[1]
FROZEN = ("small_similar", "small_different")
TRAINED = {
    "large_similar": (1.0, 3.0),
    "large_different": (1.0, 0.3),
    "lora": (1.0, 3.0),
    "scratch": (1.0, 0.3),
}  # times optim.lr
RATE = 1e-3
COMMON = (
    "model=efficientnet_lite0",
    "task=classification",
    "monitor=accuracy",
    "balance=none",
    "report.write=false",
)
DATA = {
    "solar_cells": ("data=solar_cells", "data.image_size=160"),
    "groceries": ("data=groceries", "data.image_size=160", "split=official"),
    "fashion_mnist": ("data=fashion_mnist", "split=stratified"),
    "digits": ("data=digits",),
}
WHOLE = {"fashion_mnist": 6000 / 49_000}  # of its training rows count as all
SMALL = (
    "subset=stratified",
    "subset.size=60",
    "trainer.max_epochs=1",
    "metrics.resamples=10",
    "execution=plain",
)


class Point(NamedTuple):
    data: str
    share: float
    seed: int

    @property
    def label(self) -> str:
        return f"{self.data}-{100 * self.share:g}-{self.seed}"


class Trained(NamedTuple):
    """One finished and tested run."""

    scenario: str
    val: float
    right: NDArray[np.bool_]
    seconds: float
    raced: bool


def overrides_of(point: Point, given: argparse.Namespace) -> list[str]:
    words = [*DATA[point.data], *COMMON, f"paths.cache={given.cache}", f"seed={point.seed}"]
    if point.data == "groceries":
        words.append(f"data.root={given.groceries}")
    else:
        words.append(f"split.seed={point.seed}")
    if point.data == "solar_cells" and given.solar_cells is not None:
        words.append(f"data.root={given.solar_cells}")
    fraction = point.share * WHOLE.get(point.data, 1.0)
    if given.small:
        return [*words, *SMALL, *given.words]
    subset = [] if fraction == 1 else ["subset=stratified", f"subset.fraction={fraction:.6f}"]
    return [*words, *subset, *given.words]


def execute(script: str, *words: str) -> None:
    subprocess.run([sys.executable, str(SCRIPTS / script), *words], check=True, stdout=subprocess.DEVNULL)


def train(name: str, words: Sequence[str], given: argparse.Namespace) -> Trained:
    """Train and test into `<runs>/<name>`, unless that is there."""
    from groundwork import fit  # as those after it: only where something trains
    from groundwork.core.console import Console
    from groundwork.core.run_folder import RunFolder
    from groundwork.evaluate.seal import seal

    if (folder := _finished(given.runs / name)) is None:
        folder = fit([*words, f"name={name}", f"paths.runs={given.runs}"], quiet=True).path
    if not RunFolder(folder).predictions("test").exists():
        seal(RunFolder(folder), given.runs, Console(quiet=True))
    return read(folder)


def read(folder: Path) -> Trained:
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    advice = folder / "advice.json"
    raced = advice.exists() and bool(json.loads(advice.read_text(encoding="utf-8"))["race"])
    table = pd.read_parquet(folder / "predictions" / "test.parquet").sort_values("sample_id")
    right = (table["prediction"] == table["target"]).to_numpy()
    scenario, seconds = result["transfer"]["scenario"], result["seconds"]["total"]
    return Trained(scenario, result["val"]["accuracy"], right, seconds, raced)


def _tested(folder: Path) -> bool:
    found = _finished(folder)
    return found is not None and (found / "predictions" / "test.parquet").exists()


def _finished(folder: Path) -> Path | None:
    for path in sorted(folder.glob("*/result.json")):
        if json.loads(path.read_text(encoding="utf-8")).get("status") == "done":
            return path.parent
    return None


def truth_runs(point: Point, given: argparse.Namespace) -> dict[str, list[tuple[str, list[str]]]]:
    """Scenario -> name and words of its runs: one, or one for each rate."""
    words = overrides_of(point, given)
    runs = {name: [(f"{name}-{point.label}", [*words, f"transfer={name}"])] for name in FROZEN}
    for scenario, rates in TRAINED.items():
        runs[scenario] = [
            (
                f"{scenario}-{rate:g}-{point.label}",
                [*words, f"transfer={scenario}", f"optim.lr={rate * RATE:g}"],
            )
            for rate in (rates[:1] if given.small else rates)
        ]
    return runs


def advised_run(point: Point, budget: str, given: argparse.Namespace) -> tuple[str, list[str]]:
    words = [*overrides_of(point, given), "transfer=auto", f"transfer.budget={budget}"]
    return f"auto-{budget}-{point.label}", words


def truth_of(point: Point, given: argparse.Namespace) -> dict[str, Trained] | None:
    """Train each scenario in full, or read it; of its rates the best on val counts. None where time ran out."""
    best = {}
    for scenario, runs in truth_runs(point, given).items():
        if given.minutes is not None and not all(_tested(given.runs / name) for name, _ in runs):
            return None
        best[scenario] = max((train(name, words, given) for name, words in runs), key=lambda run: run.val)
    return best


def train_side_by_side(points: Sequence[Point], given: argparse.Namespace) -> None:
    """Train everything in several processes, until the time is over."""
    asked = [run for point in points for runs in truth_runs(point, given).values() for run in runs]
    asked += [advised_run(point, budget, given) for point in points for budget in given.budgets]
    rank = {point.label: number for number, point in enumerate(points)}
    asked.sort(key=lambda run: rank[next(label for label in rank if run[0].endswith(label))])
    began = time.perf_counter()
    pool = ProcessPoolExecutor(given.jobs, get_context("spawn"))
    futures = {pool.submit(train, name, words, given): name for name, words in asked}
    limit = None if given.minutes is None else 60 * given.minutes
    try:
        for future in as_completed(futures, timeout=limit):
            name, error = futures[future], future.exception()
            told = f"failed: {error}" if error else f"val {future.result().val:.4f}"
            print(f"{time.perf_counter() - began:6.0f} s  {name}  {told}", flush=True)
    except TimeoutError:
        print(f"{given.minutes:g} minutes are over", flush=True)
        for process in pool._processes.values():
            process.kill()  # a run that is asked to stop saves first
    pool.shutdown(wait=True, cancel_futures=True)


def regret(advised: NDArray[np.bool_], others: Sequence[NDArray[np.bool_]]) -> tuple[float, float]:
    """Give how far the advised run stays below the best, in points, and the standard error of that.

    Args:
        advised: (N,) whether each test row is right.
        others: The same of every scenario.
    """
    half = np.random.default_rng(0).permutation(len(advised)) % 2 == 0
    below = np.zeros(len(advised))
    for tells, measures in ((half, ~half), (~half, half)):
        best = max(others, key=lambda one: one[tells].mean())
        below[measures] = best[measures].astype(float) - advised[measures]
    return 100 * float(below.mean()), 100 * float(below.std(ddof=1) / np.sqrt(len(below)))


def judged(point: Point, truth: dict[str, Trained], given: argparse.Namespace) -> Iterator[str]:
    for budget in given.budgets:
        name, words = advised_run(point, budget, given)
        if given.minutes is not None and not _tested(given.runs / name):
            continue
        run = train(name, words, given)
        limit = np.inf if budget == "null" else 30 * float(budget)
        fits = [one.right for one in truth.values() if one.scenario in FROZEN or one.seconds <= limit]
        below, error = regret(run.right, fits)
        frozen = 100 * (max(truth[name].right.mean() for name in FROZEN) - run.right.mean())
        yield (
            f"{point.label:24} budget {budget:>5} {run.scenario:16} test {run.right.mean():.4f}  regret {below:+.2f} "
            f"+- {error:.2f} points, below the best frozen head {frozen:+.2f}, {run.seconds:.0f} s"
            f"{', raced' if run.raced else ''}"
        )


def write_truth(points: dict[Point, dict[str, Trained]], path: Path) -> None:
    """Write one row per data set, share, split and scenario."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["data", "share", "split", "scenario", "val", "test", "num_test", "seconds"])
        for point, truth in points.items():
            for scenario, run in truth.items():
                numbers = (f"{run.val:.5f}", f"{run.right.mean():.5f}", len(run.right), f"{run.seconds:.0f}")
                writer.writerow([*point, scenario, *numbers])


def noise(number: int, given: argparse.Namespace) -> str:
    """Ask for advice on photographs of noise in two classes, 28 to 400 of them."""
    trained = 0
    for seed, count in enumerate(np.linspace(28, 400, number).astype(int)):
        root, name = given.runs / "noise-images" / str(seed), f"noise-{seed}"
        rng = np.random.default_rng(seed)
        for image in range(count):
            path = root / "ab"[image % 2] / f"{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
        words = [
            "data=image_folder",
            f"data.root={root}",
            "data.image_size=32",
            *COMMON,
            "transfer.budget=null",
        ]
        execute("advise.py", *words, f"name={name}", f"paths.runs={given.runs}", f"paths.cache={given.cache}")
        advice: Any = json.loads(next((given.runs / name).glob("*/advice.json")).read_text(encoding="utf-8"))
        trained += advice["scenario"] not in FROZEN
    return f"noise: {trained} of {number} advised to train the backbone"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groceries", type=Path, help="folder of the grocery photographs")
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--shares", nargs="+", type=float, default=[1.0, 0.25, 0.0625])
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--budgets", nargs="+", default=["1", "5", "20", "null"], help="minutes, or null")
    parser.add_argument("--noise", type=int, default=0, help="sets of noise, and nothing else")
    parser.add_argument("--small", action="store_true", help="one part of the digits, to see whether it runs")
    parser.add_argument("--solar-cells", type=Path, help="folder of smaller copies; the package's otherwise")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--minutes", type=float, help="after which nothing more trains; with --jobs")
    parser.add_argument("--runs", type=Path, default=Path("runs") / "benchmark_advice")
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("words", nargs="*", help="for every run, after --")
    given = parser.parse_args()
    given.runs, given.cache = given.runs.absolute(), given.cache.absolute()
    given.runs.mkdir(parents=True, exist_ok=True)
    if given.noise:
        print(noise(given.noise, given))
        return
    if given.small:
        given.data, given.shares, given.splits, given.budgets = ["digits"], [1.0], 1, ["null"]
    points = [Point(*each) for each in product(given.data, given.shares, range(given.splits))]
    if given.jobs > 1:
        train_side_by_side(points, given)
    found = {point: truth_of(point, given) for point in points}
    truth = {point: each for point, each in found.items() if each is not None}
    write_truth(truth, given.runs / "truth.csv")
    for point, each in truth.items():
        print("\n".join(judged(point, each, given)), flush=True)


if __name__ == "__main__":
    main()
