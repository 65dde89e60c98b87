"""Train: `train.py [experiment=NAME] [key=value ...]`; -m: a run per combination; run=DIR goes on, like=DIR varies."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import train

if __name__ == "__main__":
    raise SystemExit(enter(train))
