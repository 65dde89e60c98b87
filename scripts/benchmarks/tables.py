"""Networks on tables against gradient boosting and a linear model: same split, same rows, the commands of a user.

    python scripts/benchmarks/tables.py                                         # small: one fold, made and diabetes
    python scripts/benchmarks/tables.py --folds 5 --sets all --jobs 14 --csv tables.csv   # minutes on 16 cores
    python scripts/benchmarks/tables.py --sets california_housing --files DIR --models tabm -- model.k=32

`--files` is a folder with diamonds.csv (else plotnine's) and california_housing.csv (scikit-learn's columns). What
stands behind `--` goes to each run. The opponents are the run's own baselines: gradient boosting of scikit-learn
(early stopping, native categories, the same balance) and ridge or logistic regression on one-hot columns, measured on
the rows that measure the network. `ratio` is the network's score by gradient boosting's: R2, or AUROC.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from groundwork.launch.api import fit

SCORES = {"regression": "r2", "classification": "auroc"}


def skewed(rows: int = 3000, columns: int = 40, seed: int = 0) -> pd.DataFrame:
    """Make categorical columns and a target like prices: skewed, with a few outliers."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, rng.integers(3, 13, columns), (rows, columns))
    effects = [rng.normal(0, 0.25, 13) * (place < 15) for place in range(columns)]
    area, quality = rng.lognormal(7, 0.4, rows), rng.integers(1, 11, rows)
    value = 0.7 * np.log(area) + 0.12 * quality + 0.02 * quality * (codes[:, 0] == 1)
    value += sum(effect[code] for effect, code in zip(effects, codes.T, strict=True)) / 2
    price = np.exp(value + rng.normal(0, 0.12, rows)) * 1000
    price[rng.choice(rows, 5, replace=False)] *= 4
    table = pd.DataFrame(
        {f"kind_{place}": [f"k{code}" for code in column] for place, column in enumerate(codes.T)}
    )
    return table.assign(area=area, quality=quality, target=price)


def rare(rows: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Make two classes, 5 % of them positive, with missing cells that tell something."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 12))
    risk = inputs[:, 0] + inputs[:, 1] * inputs[:, 2] + 0.8 * np.abs(inputs[:, 3]) + rng.normal(0, 1, rows)
    table = pd.DataFrame(inputs, columns=[f"x{place}" for place in range(12)])
    gone = rng.random(inputs.shape) < np.where(risk[:, None] > 1, 0.2, 0.1)
    table = table.mask(gone)
    table["region"] = rng.choice([f"r{place}" for place in range(30)], rows)
    return table.assign(target=np.where(risk > np.quantile(risk, 0.95), "yes", "no"))


def noise(rows: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Make five columns that count and a hundred that do not."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 105))
    target = inputs[:, 0] + np.sin(2 * inputs[:, 1]) + inputs[:, 2] * inputs[:, 3] + inputs[:, 4] ** 2
    table = pd.DataFrame(inputs, columns=[f"x{place}" for place in range(105)])
    return table.assign(target=target + rng.normal(0, 0.5, rows))


def few(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Make a small table of numbers and categories."""
    rng = np.random.default_rng(seed)
    inputs, kind = rng.normal(size=(rows, 8)), rng.integers(0, 4, rows)
    target = (
        inputs[:, 0]
        + 0.5 * inputs[:, 1] ** 2
        + np.array([0.0, 1.0, -1.0, 0.5])[kind]
        + rng.normal(0, 0.5, rows)
    )
    table = pd.DataFrame(inputs, columns=[f"x{place}" for place in range(8)])
    return table.assign(kind=[f"k{code}" for code in kind], target=target)


def wide(rows: int = 5000, seed: int = 0) -> pd.DataFrame:
    """Make the table of the time limit: 5,000 rows, 20 columns."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 16))
    codes = rng.integers(0, 8, (rows, 4))
    target = (
        inputs[:, 0] + np.sin(2 * inputs[:, 1]) + inputs[:, 2] * inputs[:, 3] + (codes[:, 0] == codes[:, 1])
    )
    table = pd.DataFrame(inputs, columns=[f"x{place}" for place in range(16)])
    for place, column in enumerate(codes.T):
        table[f"kind_{place}"] = [f"k{code}" for code in column]
    return table.assign(target=target + rng.normal(0, 0.5, rows))


def diabetes() -> pd.DataFrame:
    """Take scikit-learn's 442 patients."""
    bunch = load_diabetes(as_frame=True, scaled=False)
    return bunch.data.assign(target=bunch.target)


def given(name: str, files: Path | None) -> pd.DataFrame:
    """Read a table from a file, or plotnine's diamonds."""
    if files is None:
        from plotnine.data import diamonds

        return pd.DataFrame(diamonds).rename(columns=TARGETS)
    return pd.read_csv(files / f"{name}.csv").rename(columns=TARGETS)


TARGETS = {"price": "target", "MedHouseVal": "target"}
MADE = {"skewed": skewed, "rare": rare, "noise": noise, "few": few}
READY = {**MADE, "wide": wide, "diabetes": diabetes}
LONG = ("diamonds", "california_housing")


def measure(
    table: Path, task: str, model: str, fold: int, folds: int, extra: list[str], place: Path
) -> dict[str, Any]:
    """Train one model on one fold of a table, and read what it and its baselines reach on val."""
    split = ["split=stratified", f"split.seed={fold}"] if folds == 1 else ["split=folds", f"split.k={folds}",
                                                                           f"split.fold={fold}"]  # fmt: skip
    began = time.perf_counter()
    run = fit([
        "data=table", f"data.table={table}", "data.target=target", f"task={task}", f"model={model}", *split,
        "report.write=false", "trainer=cpu", f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}", *extra,
    ])  # fmt: skip
    score, result = SCORES[task], run.result
    baselines = {name: metrics[score] for name, metrics in result["baselines"].items()}
    verdict = result["verdicts"].get("gradient_boosting", {}).get("verdict", "")
    seconds = time.perf_counter() - began
    corrected = (result["corrected"].get(score) or {}).get("value", float("nan"))
    rmse = {f"rmse_{name}": of["rmse"] for name, of in {"network": result["val"], **result["baselines"]}.items()
            if "rmse" in of}  # fmt: skip
    found = {"network": result["val"][score], "corrected": corrected, "seconds": seconds}
    named = {"set": table.stem, "model": model, "fold": fold, "epochs": result["best_epoch"]}
    return {**named, **found, **baselines, **rmse, "verdict": verdict}


def measured(jobs: list[tuple[Any, ...]], processes: int) -> Iterator[dict[str, Any]]:
    """Measure one after the other, or several in processes of their own, each on its share of the processors."""
    if processes == 1:
        yield from (measure(*job) for job in jobs)
        return
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    with ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=None) as pool:
        for done in as_completed([pool.submit(measure, *job) for job in jobs]):
            if error := done.exception():
                print(f"failed: {error}", flush=True)
            else:
                yield done.result()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=["diabetes", *MADE])
    parser.add_argument("--models", nargs="+", default=["mlp", "tabm"])
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument(
        "--only", type=int, default=None, help="how many of the folds are measured; all by default"
    )
    parser.add_argument("--files", type=Path, default=None, help="folder of given tables")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--csv", type=Path, default=None, help="each run is written here as it ends")
    parser.add_argument("extra", nargs="*", help="behind --: for every run")
    asked = parser.parse_args()
    names = [*LONG, *READY] if asked.sets == ["all"] else asked.sets
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        place, jobs = Path(folder), []
        for name in names:
            table = place / f"{name}.parquet"
            (READY[name]() if name in READY else given(name, asked.files)).to_parquet(table)
            task, folds = "classification" if name == "rare" else "regression", asked.folds
            if name == "diamonds":
                folds = 1
            jobs += [
                (table, task, model, fold, folds, asked.extra, place)
                for model in asked.models
                for fold in range(min(folds, asked.only or folds))
            ]
        for row in measured(jobs, asked.jobs):
            rows.append(row)
            print(row, flush=True)
            if asked.csv is not None:
                pd.DataFrame(rows).to_csv(asked.csv, index=False)
    found = pd.DataFrame(rows)
    found["ratio"] = found.corrected.fillna(found.network) / found.gradient_boosting
    columns = ["network", "corrected", "linear", "gradient_boosting", "ratio", "seconds"]
    print(found.groupby(["set", "model"])[columns].mean().round(4).to_string())


if __name__ == "__main__":
    main()
