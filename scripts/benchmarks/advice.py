"""Train every scenario in full on four data sets and parts of them: how far does the advised one stay below the best?

Writes the table of truth to <runs>/truth.csv: accuracy on val and test of each scenario and rate. Then it trains with
transfer=auto under each budget, and prints the regret: which scenario is best is told by one half of the test rows and
measured on the other, and the halves swap, so that no luck is read twice.

    python scripts/benchmarks/advice.py --groceries GroceryStoreDataset                 # many hours on two cores
    python scripts/benchmarks/advice.py --data digits --shares 1 --budgets 1 5
    python scripts/benchmarks/advice.py --noise 20                                      # photographs of noise alone
    python scripts/benchmarks/advice.py --small                                         # only to see whether it runs

Finished runs are kept under --runs, so that the same command goes on where it stopped.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
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
    fraction = point.share * WHOLE.get(point.data, 1.0)
    if given.small:
        return [*words, *SMALL, *given.words]
    subset = [] if fraction == 1 else ["subset=stratified", f"subset.fraction={fraction:.6f}"]
    return [*words, *subset, *given.words]


def execute(script: str, *words: str) -> None:
    subprocess.run([sys.executable, str(SCRIPTS / script), *words], check=True, stdout=subprocess.DEVNULL)


def train(name: str, words: Sequence[str], given: argparse.Namespace) -> Trained:
    """Train and test into `<runs>/<name>`, unless that is there."""
    if (folder := _finished(given.runs / name)) is None:
        execute("train.py", *words, f"name={name}", f"paths.runs={given.runs}")
        folder = _finished(given.runs / name)
    assert folder is not None, f"{name} did not finish"
    if not (folder / "predictions" / "test.parquet").exists():
        execute("evaluate.py", f"run={folder}", "split=test")
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    advice = folder / "advice.json"
    raced = advice.exists() and bool(json.loads(advice.read_text(encoding="utf-8"))["race"])
    table = pd.read_parquet(folder / "predictions" / "test.parquet").sort_values("sample_id")
    right = (table["prediction"] == table["target"]).to_numpy()
    scenario, seconds = result["transfer"]["scenario"], result["seconds"]["total"]
    return Trained(scenario, result["val"]["accuracy"], right, seconds, raced)


def _finished(folder: Path) -> Path | None:
    for path in sorted(folder.glob("*/result.json")):
        if json.loads(path.read_text(encoding="utf-8")).get("status") == "done":
            return path.parent
    return None


def truth_of(point: Point, given: argparse.Namespace) -> dict[str, Trained]:
    """Train each scenario in full; of its rates the best on val counts."""
    words, best = overrides_of(point, given), {}
    for scenario in FROZEN:
        best[scenario] = train(f"{scenario}-{point.label}", [*words, f"transfer={scenario}"], given)
    for scenario, rates in TRAINED.items():
        runs = [
            train(
                f"{scenario}-{rate:g}-{point.label}",
                [*words, f"transfer={scenario}", f"optim.lr={rate * RATE:g}"],
                given,
            )
            for rate in (rates[:1] if given.small else rates)
        ]
        best[scenario] = max(runs, key=lambda run: run.val)
    return best


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
    words = [*overrides_of(point, given), "transfer=auto"]
    for budget in given.budgets:
        run = train(f"auto-{budget}-{point.label}", [*words, f"transfer.budget={budget}"], given)
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
    truth = {point: truth_of(point, given) for point in points}
    write_truth(truth, given.runs / "truth.csv")
    for point in points:
        print("\n".join(judged(point, truth[point], given)), flush=True)


if __name__ == "__main__":
    main()
