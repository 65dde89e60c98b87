"""Measure what the advice costs, in passes of the backbone over train and val.

Asked twice with one cache: the first time with the pass, the second time without. The data are decoded before.

    python scripts/benchmarks/advice_cost.py                     # the solar cells at 300 px
    python scripts/benchmarks/advice_cost.py data=groceries data.root=DIR split=official
"""

import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from measure import machine, seconds

import groundwork

DEFAULT = ("experiment=solar_cells",)


def main() -> None:
    words = sys.argv[1:] or DEFAULT
    with tempfile.TemporaryDirectory() as scratch:
        asked = [*words, "transfer=auto", f"paths.runs={scratch}/runs", f"paths.cache={scratch}/cache"]

        def advise() -> None:
            groundwork.advise(asked)

        advise()  # decodes the images, and warms up
        rmtree(Path(scratch) / "cache" / "features")
        whole, without = seconds(advise), seconds(advise)
    one_pass = whole - without
    print(machine())
    print(
        f"advice {whole:.1f} s, of it one pass {one_pass:.1f} s: {whole / one_pass:.2f} passes (at most 1.5)"
    )


if __name__ == "__main__":
    main()
