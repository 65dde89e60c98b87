"""Networks on tables against gradient boosting and a linear model: same split, same rows, the commands of a user.

    python scripts/benchmarks/tables.py                                         # small: one fold, made and diabetes
    python scripts/benchmarks/tables.py --folds 5 --sets all --models mlp tabm  # long: hours on two cores
    python scripts/benchmarks/tables.py --sets california --california housing.csv --models tabm -- model.k=32

What stands behind `--` goes to each run. The opponents are the run's own baselines: gradient boosting of scikit-learn
(early stopping, native categories, the same balance) and ridge or logistic regression on one-hot columns, measured on
the rows that measure the network. `ratio` is the network's score by gradient boosting's: R2, or AUROC.
"""

import argparse
import tempfile
import time
from pathlib import Path

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


def diamonds() -> pd.DataFrame:
    """Take plotnine's 53,940 diamonds."""
    from plotnine.data import diamonds as table

    return pd.DataFrame(table).rename(columns={"price": "target"})


MADE = {"skewed": skewed, "rare": rare, "noise": noise, "few": few}
SETS = {**MADE, "wide": wide, "diabetes": diabetes, "diamonds": diamonds}


def measure(table: Path, task: str, model: str, fold: int, folds: int, extra: list[str], place: Path) -> dict:
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
    found = {"network": result["val"][score], "corrected": corrected, "seconds": seconds}
    return {"model": model, "fold": fold, **found, **baselines, "verdict": verdict}


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
    parser.add_argument("--california", type=Path, default=None, help="a csv in StatLib's columns")
    parser.add_argument("extra", nargs="*", help="behind --: for every run")
    asked = parser.parse_args()
    names = [*SETS] if asked.sets == ["all"] else asked.sets
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if asked.california is not None and asked.sets == ["all"]:
            names.append("california")
        for name in names:
            table = place / f"{name}.parquet"
            if name == "california":
                frame = pd.read_csv(asked.california)
                frame = frame.rename(columns={"MedHouseVal": "target", "median_house_value": "target"})
            else:
                frame = SETS[name]()
            frame.to_parquet(table)
            task = "classification" if name == "rare" else "regression"
            folds = 1 if name == "diamonds" else asked.folds
            for model in asked.models:
                for fold in range(min(folds, asked.only or folds)):
                    rows.append({"set": name, **measure(table, task, model, fold, folds, asked.extra, place)})
                    print(rows[-1], flush=True)
    found = pd.DataFrame(rows)
    found["ratio"] = found.corrected.fillna(found.network) / found.gradient_boosting
    columns = ["network", "corrected", "linear", "gradient_boosting", "ratio", "seconds"]
    print(found.groupby(["set", "model"], sort=False)[columns].mean().round(4).to_string())


if __name__ == "__main__":
    main()
