"""Advise: `advise.py data=... model=...` measures size and similarity and recommends a transfer scenario."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import advise

if __name__ == "__main__":
    raise SystemExit(enter(advise))
