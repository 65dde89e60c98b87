"""Train: `train.py [experiment=NAME] [key=value ...]`, or resume with `train.py run=DIR`."""

from groundwork.run.door import enter
from groundwork.run.launch import train

if __name__ == "__main__":
    raise SystemExit(enter(train))
