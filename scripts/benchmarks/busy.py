"""Time a training step at rest and beside 1, 2 and 4 processes that compute.

    python scripts/benchmarks/busy.py [rounds=3] [beside=0,1,2,4]

Each run is a process of its own, `train.py` on drawn photographs of 64 pixels with all stages of resnet10t learning,
and takes its turn with the others, so that each finds out by itself how busy the machine is. The step is that of the
epochs after the first.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measure import machine
from store import draw

SCRIPTS = Path(__file__).parents[1]
TIMED = """
import json, runpy, sys
from groundwork.train.callbacks import history
from clock import Clock
history.ProgressBar = Clock
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(json.dumps(Clock.epochs[1:]))
"""
LOAD = "import numpy\nvalues = numpy.random.rand(500, 500)\nwhile True: values = values @ values % 1"
WORDS = ("data=image_folder", "data.image_size=64", "model=timm", "model.name=resnet10t")
MORE = ("model.pretrained=false", "transfer=scratch", "trainer=cpu", "trainer.max_epochs=4")


def step(words: list[str], beside: int) -> float:
    """Return the seconds per step of one run beside processes that compute on one thread each."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), environment.get("PYTHONPATH", "")]
    )
    single = {**environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    others = [subprocess.Popen([sys.executable, "-c", LOAD], env=single) for _ in range(beside)]
    try:
        if beside:
            time.sleep(2)  # until they compute
        command = [sys.executable, "-c", TIMED, str(SCRIPTS / "train.py"), *words]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return median(json.loads(done.stdout.strip().splitlines()[-1]))
    finally:
        for each in others:
            each.kill()
            each.wait()


def main(rounds: int, beside: list[int]) -> None:
    print(machine())
    with TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        draw(scratch / "images", 400)
        words = [*WORDS, *MORE, f"data.root={scratch / 'images'}", "report.photos=false"]
        words += [f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}"]
        step(words, 0)  # decodes the images and measures the execution, which later runs remember
        found: dict[int, list[float]] = {number: [] for number in beside}
        for _ in range(rounds):
            for number in beside:
                found[number].append(step(words, number))
        rest = median(found[beside[0]])
        for number, values in found.items():
            print(
                f"beside {number}: {1e3 * median(values):.1f} ms/step ({1e3 * min(values):.1f} to "
                f"{1e3 * max(values):.1f}), {median(values) / rest:.2f} times as long"
            )


if __name__ == "__main__":
    given = dict(word.split("=") for word in sys.argv[1:])
    main(int(given.get("rounds", 3)), [int(each) for each in given.get("beside", "0,1,2,4").split(",")])
