"""Measure every scenario on four real data sets, and judge the advice on each by what the other three taught.

Writes src/groundwork/transfer/calibration.csv: per data set and share of its training rows, what a cached pass knew
before, and what each scenario then scored on val. Then it prints, for each data set and part, the scenario that the
advice takes when that set and its parts are left out, and what the best of the five scored.

    python scripts/benchmarks/advice.py --groceries GroceryStoreDataset               # hours on two cores
    python scripts/benchmarks/advice.py --groceries GroceryStoreDataset --jobs 6 --epochs 30 -- trainer=gpu
    python scripts/benchmarks/advice.py --judge                                       # the table alone, from the csv

Finished runs are kept under --runs, so that the same command goes on where it stopped.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from groundwork.transfer.calibration import TABLE, TRAINED

from groundwork.transfer import Evidence, Measured, advise, read_calibration

SCRIPTS = Path(__file__).parents[1]
SCENARIOS = ("small_similar", "small_different", *TRAINED)
COMMON = ("model=efficientnet_lite0", "task=classification", "monitor=accuracy", "balance=none")
DATA = {
    "solar_cells": ("data=solar_cells", "data.image_size=80"),
    "groceries": ("data=groceries", "data.image_size=80", "split=official"),
    "fashion_mnist": ("data=fashion_mnist", "data.image_size=48", "split=stratified"),
    "digits": ("data=digits", "data.image_size=48"),
}
# Shares of the training rows, and how many times as many epochs a part gets so that its steps suffice.
# Fashion-MNIST counts as whole with 6,000 rows of its 49,000.
SHARES = {1.0: 1, 0.25: 2}
# Of the runs that train the backbone. The 10,500 val rows of Fashion-MNIST would cost more than its training.
TRAINING = ("trainer=cpu", "execution=plain", "callbacks.early_stopping.patience=null", "augment=light")
SELDOM = {"fashion_mnist": ("trainer.val_every_n_steps=96",)}
WHOLE = {"fashion_mnist": 6000 / 49_000}
Point = tuple[str, float]


def overrides_of(point: Point, given: argparse.Namespace) -> list[str]:
    data, share = point
    words = [*DATA[data], *COMMON, f"paths.cache={given.cache}"]
    if data == "groceries":
        words.append(f"data.root={given.groceries}")
    fraction = share * WHOLE.get(data, 1.0)
    return words if fraction == 1 else [*words, "subset=stratified", f"subset.fraction={fraction:.6f}"]


def finished(folder: Path, file: str) -> dict[str, Any] | None:
    for path in sorted(folder.glob(f"*/{file}")):
        content = json.loads(path.read_text(encoding="utf-8"))
        # A run writes its result before it ends, too.
        if file == "advice.json" or content.get("status") == "done":
            return content
    return None


def execute(
    script: str, file: str, name: str, given: argparse.Namespace, words: Sequence[str]
) -> dict[str, Any]:
    """Run a script into `<runs>/<name>` unless it has finished there, and return the file that it wrote."""
    if (content := finished(given.runs / name, file)) is None:
        command = [sys.executable, str(SCRIPTS / script), *words, f"name={name}", f"paths.runs={given.runs}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        content = finished(given.runs / name, file)
    if content is None:
        raise FileNotFoundError(f"{script} left no finished {file} in {given.runs / name}")
    return content


def evidence_of(state: dict[str, Any]) -> Evidence:
    known = state["evidence"]
    fields = {name: known[name] for name in Evidence.__dataclass_fields__ if name in known}
    return Evidence(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    )


def measure_point(point: Point, given: argparse.Namespace) -> dict[str, Any]:
    label = f"{point[0]}-{100 * point[1]:g}"
    words = overrides_of(point, given)
    state = execute("advise.py", "advice.json", f"advice-{label}", given, words)
    scores = {}
    for scenario in SCENARIOS:
        epochs = given.epochs * SHARES[point[1]]
        trained = (*TRAINING, *SELDOM.get(point[0], ()), f"trainer.max_epochs={epochs}", *given.words)
        own = [*words, f"transfer={scenario}", *(trained if scenario in TRAINED else ())]
        scores[scenario] = execute("train.py", "result.json", f"{scenario}-{label}", given, own)["val"][
            "accuracy"
        ]
    evidence = evidence_of(state)
    return {
        "data": point[0],
        "share": point[1],
        "num_samples": evidence.num_samples,
        "error": evidence.error,
        "samples_per_output": evidence.samples_per_output,
        "similarity": evidence.similarity,
        **{f"score/{name}": score for name, score in scores.items()},
        "evidence": json.dumps(state["evidence"], sort_keys=True),
    }


def write_table(rows: Sequence[dict[str, Any]], epochs: int) -> None:
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "# Written by scripts/benchmarks/advice.py: what was known, and what each scenario reached on val.\n"
            f"# EfficientNet-Lite0 at 80 px (Fashion-MNIST, digits: 48 px), {epochs} epochs, on a part {2 * epochs}.\n"
        )
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {key: f"{value:.5g}" if isinstance(value, float) else value for key, value in row.items()}
            )


def judged() -> Iterator[str]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    table: list[Measured] = read_calibration()
    for row in rows:
        evidence = evidence_of({"evidence": json.loads(row["evidence"])})
        advice = advise(evidence, [other for other in table if other.data != row["data"]])
        scores = {name: float(row[f"score/{name}"]) for name in SCENARIOS}
        best = max(scores, key=lambda name: scores[name])
        taken, trained = advice.expected[advice.scenario], advice.expected["large_different"]
        yield (
            f"{row['data']:14} {float(row['share']):4.0%} {advice.scenario:16} expected {taken.score:.4f}"
            f"  reached {scores[advice.scenario]:.4f}  best {best:16} {scores[best]:.4f}"
            f"  below by {100 * (scores[best] - scores[advice.scenario]):.2f} points"
            f"  (trained between {trained.low:.3f} and {trained.high:.3f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--groceries", type=Path, help="folder of the grocery photographs")
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--jobs", type=int, default=1, help="data sets at once")
    parser.add_argument("--epochs", type=int, default=6, help="of the runs that train the backbone")
    parser.add_argument("--runs", type=Path, default=Path("runs") / "benchmark_advice")
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--judge", action="store_true", help="do not measure, judge what the csv holds")
    parser.add_argument("words", nargs="*", help="for the runs that train the backbone, after --")
    given = parser.parse_args()
    given.runs, given.cache = given.runs.absolute(), given.cache.absolute()
    if not given.judge:
        points = [(data, share) for share in SHARES for data in given.data]
        with ThreadPoolExecutor(given.jobs) as pool:
            write_table(list(pool.map(lambda point: measure_point(point, given), points)), given.epochs)
    print("\n".join(judged()))


if __name__ == "__main__":
    main()
