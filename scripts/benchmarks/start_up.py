"""Time the start: `--help` against bare Hydra, and command to first training step against bare imports.

    python scripts/benchmarks/start_up.py [rounds=5]

Every side is a fresh process of this Python; the store and the choice of `trainer=auto` are cached by a first round,
which does not count.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import alternate, machine, report, seconds

SCRIPTS = Path(__file__).parents[1]
CONF = Path(__file__).parents[2] / "conf"
BARE_HELP = f"""
import hydra
hydra.main(config_path={str(CONF)!r}, config_name="train", version_base="1.3")(lambda config: None)()
"""
# Both sides end where the first step would be, or was: what comes after it is not the start.
BARE_START = """
import os
import lightning, timm, torch, torchmetrics
timm.create_model("tf_efficientnet_lite0", num_classes=10)
os._exit(0)
"""
STEP = """
import os, sys
import groundwork.launch.cli  # first, as scripts/train.py does
from lightning.pytorch import Callback
from groundwork.train.callbacks.history import ProgressBar
from groundwork.train.callbacks import history
class First(ProgressBar):
    def on_train_batch_end(self, *arguments):
        os._exit(0)
history.ProgressBar = First
from groundwork.launch.commands import train
train(sys.argv[1:])
"""


def python(*words: str) -> float:
    return seconds(
        lambda: subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    )


def main(rounds: int) -> None:
    print(machine())
    with TemporaryDirectory() as scratch:
        words: Sequence[str] = (
            *("data=digits", "data.image_size=64", "model=efficientnet_lite0", "transfer=large_different"),
            *(f"paths.runs={scratch}/runs", f"paths.cache={scratch}/cache"),
        )
        steps = alternate((lambda: python("-c", STEP, *words), lambda: python("-c", BARE_START)), rounds)
        report("command to first step / bare imports", *steps, "s", "at most 1.25")
        helps = alternate(
            (lambda: python(str(SCRIPTS / "train.py"), "--help"), lambda: python("-c", BARE_HELP, "--help")),
            rounds,
        )
        report("--help / bare Hydra", *helps, "s", "at most 1.2")


if __name__ == "__main__":
    main(int(dict(word.split("=") for word in sys.argv[1:]).get("rounds", 5)))
