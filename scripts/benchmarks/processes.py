"""Count the processes and threads of a run with several ranks, on few cores and on many.

    python scripts/benchmarks/processes.py [ranks=1,2,8] [cores=1,2,128]

Each run is `train.py` on 256 drawn photographs, all stages learning for two epochs, once with the images decoded before
(stored) and once decoded in every epoch (streamed). Up to the machine's own number of cores the run is bound to that
many; above it, Python is told that there are more. The table holds the most that was seen at one moment.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import machine
from store import draw

TRAIN = Path(__file__).parents[1] / "train.py"
PRETEND = """
import os
os.cpu_count = lambda: {cores}
os.sched_getaffinity = lambda pid: set(range({cores}))
"""
WORDS = ("data=image_folder", "data.image_size=32", "data.batch_size=8", "model=timm", "model.name=resnet10t")
MORE = (
    "model.pretrained=false",
    "transfer=scratch",
    "trainer.max_epochs=2",
    "report.photos=false",
    "normalize=backbone",
)


def count(root: int) -> tuple[int, int]:
    """Count the processes below one and their threads, itself included."""
    parents, threads = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)], threads[int(entry.name)] = int(fields[1]), int(fields[17])
    family = {root} & parents.keys()
    while found := {child for child, parent in parents.items() if parent in family} - family:
        family |= found
    return len(family), sum(threads[each] for each in family)


def watch(words: list[str], cores: int, scratch: Path) -> tuple[int, int, float]:
    """Run a command and return the most processes, the most threads, and its seconds."""
    own = os.cpu_count() or 1
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    if cores > own:
        (scratch / "sitecustomize.py").write_text(PRETEND.format(cores=cores), encoding="utf-8")
        environment["PYTHONPATH"] = os.pathsep.join([str(scratch), environment.get("PYTHONPATH", "")])
    bound = ["taskset", "--cpu-list", f"0-{cores - 1}"] if cores < own else []
    began, most = time.monotonic(), (0, 0)
    with subprocess.Popen(
        [*bound, sys.executable, str(TRAIN), *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None:
            seen = count(process.pid)
            most = max(most[0], seen[0]), max(most[1], seen[1])
            time.sleep(0.02)
        said = process.stderr.read() if process.stderr else ""
    (scratch / "sitecustomize.py").unlink(missing_ok=True)
    if process.returncode:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}:\n{said[-2000:]}")
    return *most, time.monotonic() - began


def main(ranks: list[int], cores: list[int]) -> None:
    print(machine())
    print("| ranks | cores | images | processes | threads | seconds |\n|---|---|---|---|---|---|")
    with TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        draw(scratch / "images", 256)
        for number in ranks:
            for allowed in cores:
                for name, cache in (("stored", "20"), ("streamed", "1e-6")):
                    words = [*WORDS, *MORE, f"data.root={scratch / 'images'}", f"paths.cache_gb={cache}"]
                    words += [f"paths.runs={scratch / 'runs'}", f"paths.cache={scratch / 'cache'}"]
                    words += ["trainer=ddp", "trainer.accelerator=cpu", f"trainer.devices={number}"]
                    processes, threads, seconds = watch(words, allowed, scratch)
                    print(
                        f"| {number} | {allowed} | {name} | {processes} | {threads} | {seconds:.0f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    given = dict(word.split("=") for word in sys.argv[1:])
    main(
        [int(each) for each in given.get("ranks", "1,2,8").split(",")],
        [int(each) for each in given.get("cores", "1,2,128").split(",")],
    )
