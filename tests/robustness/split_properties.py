"""Run the promises of the splits on many random tables.   split_properties.py [5000]"""

from runpy import run_path
from sys import argv
from time import perf_counter

from hypothesis import given, settings

from groundwork.core.paths import ROOT

TESTS = ROOT / "tests" / "groundwork" / "data" / "split" / "test_properties.py"


def main() -> None:
    tests = run_path(str(TESTS))
    num_examples = int(argv[1]) if len(argv) > 1 else 5000
    seen: list[int] = []

    def check(case: object) -> None:
        tests["check"](case)
        seen.append(case.num_rows)  # type: ignore[attr-defined]

    start = perf_counter()
    settings(max_examples=num_examples, deadline=None, database=None)(given(tests["cases"])(check))()
    print(f"{len(seen)} tables of {sum(seen)} rows, 0 broken promises, {perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
