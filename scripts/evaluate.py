"""The final test: `evaluate.py run=DIR split=test`, or `runs='GLOB'`; seals the official metrics."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import evaluate

if __name__ == "__main__":
    raise SystemExit(enter(evaluate))
