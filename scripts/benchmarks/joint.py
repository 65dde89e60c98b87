"""Five folds as one model against the mean of the five, on the same test rows: the gain, paired.

Solar cells, and photographs of groceries at 112 px where their folder is given, by exact heads on cached features; and
two tables (diabetes; breast cancer from scikit-learn) by the default network. Every set is sealed once, in a folder of
its own.

  uv run scripts/benchmarks/joint.py place=/tmp/joint [sets=solar_cells,diabetes,cancer,groceries] [groceries=DIR]
    [key=value of solar_cells ...]
"""

import json
import subprocess
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer

ROOT = Path(__file__).resolve().parents[2]
FOLDS = ["split=folds", "split.k=5", "report.write=false"]


def main() -> None:
    """Train, seal and print one row for each set."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    place = Path(given.pop("place"))
    names = given.pop("sets", "solar_cells,diabetes,cancer").split(",")
    groceries = given.pop("groceries", "DIR")
    place.mkdir(parents=True, exist_ok=True)
    cancer = place / "cancer.csv"
    load_breast_cancer(as_frame=True).frame.to_csv(cancer, index=False)
    words = {
        "solar_cells": ["experiment=solar_cells", *(f"{key}={value}" for key, value in given.items())],
        "diabetes": ["experiment=diabetes"],
        "groceries": [
            "data=groceries",
            f"data.root={groceries}",
            "data.image_size=112",
            "transfer=small_similar",
        ],
        "cancer": ["data=table", f"data.table={cancer}", "data.target=target", "task=classification"],
    }
    print("| set | n test | metric | mean of five | joint | gain, paired 95 % interval |")
    print("|---|---:|---|---:|---:|---:|")
    for name in names:
        print(measure(place / "runs", place / "cache", name, words[name]), flush=True)


def measure(runs: Path, cache: Path, name: str, words: list[str]) -> str:
    """Train five folds of a set, seal their mean prediction, and write the row."""
    own = [f"paths.runs={runs / name}", f"paths.cache={cache}"]
    for fold in range(5):
        call("train.py", *words, *FOLDS, f"split.fold={fold}", f"name={name}", *own)
    call("evaluate.py", f"runs={runs / name / name}/*", "join=mean", "split=test", own[0])
    (path,) = (runs / name / "joint").glob("*/result.json")
    result = json.loads(path.read_text(encoding="utf-8"))
    metric = result["monitor"]
    gain = result["gain"][metric]
    return (
        f"| {name} | {result['n']['test']} | {metric} | {result['singles'][metric]:.4g} | "
        f"{result['test'][metric]['value']:.4g} | {gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}] |"
    )


def call(script: str, *words: str) -> None:
    """Run a command of the project, and stop with its output if it fails."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / script, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{script} {' '.join(words)}\n{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    main()
