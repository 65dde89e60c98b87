"""Train: `train.py [experiment=NAME] [key=value ...]`; -m: a run per combination; run=DIR goes on, like=DIR varies."""

from groundwork.run.door import enter
from groundwork.run.launch import train

if __name__ == "__main__":
    raise SystemExit(enter(train))
