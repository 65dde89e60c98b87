"""A search of fifty trials over the linear head of a frozen backbone, beside one full run of the same experiment.

Both start with an empty cache. A plain program would decode, run the backbone and train once per trial; here the first
trial computes the features and the others read them, in the same process.

    python scripts/benchmarks/search.py [--trials 50] [--runs 3] [key=value ...]
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]


def seconds(script: str, words: list[str], cache: Path) -> tuple[float, float]:
    """Time a whole command with an empty cache: by the clock, and of the processors, which other work disturbs less."""
    shutil.rmtree(cache, ignore_errors=True)
    began, before = time.perf_counter(), os.times()
    command = [sys.executable, str(ROOT / "scripts" / script), *words, f"paths.cache={cache}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    processors = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, processors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("words", nargs="*", default=["experiment=solar_cells"])
    given = parser.parse_args()
    runs: dict[str, list[tuple[float, float]]] = {"one run": [], "search": []}
    for number in range(given.runs):
        with TemporaryDirectory() as folder:
            place = [*given.words, f"paths.runs={folder}/runs"]
            searched = [
                *place,
                "search=linear_head",
                f"search.trials={given.trials}",
                f"name=search-{number}",
            ]
            runs["one run"].append(seconds("train.py", place, Path(folder) / "cache"))
            runs["search"].append(seconds("search.py", searched, Path(folder) / "cache"))
    print(f"{platform.platform()}, {platform.processor() or 'processor unknown'}, {' '.join(given.words)}")
    for position, kind in enumerate(("clock", "processors")):
        times = {name: [one[position] for one in found] for name, found in runs.items()}
        for name, found in times.items():
            print(
                f"{kind:10} {name:8} min {min(found):7.1f}  median {median(found):7.1f}  max {max(found):7.1f} s"
            )
        ratio = median(times["search"]) / median(times["one run"])
        print(f"{kind:10} {given.trials} trials take {ratio:.2f} x one full run")


if __name__ == "__main__":
    main()
