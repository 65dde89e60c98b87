"""The final test: `evaluate.py run=DIR split=test`, or `runs='GLOB'`; seals the official metrics."""

from groundwork.run.door import enter
from groundwork.run.launch import evaluate

if __name__ == "__main__":
    raise SystemExit(enter(evaluate))
