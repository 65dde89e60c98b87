"""Advise: `advise.py data=... model=...` measures size and similarity and recommends a transfer scenario."""

from groundwork.run.door import enter
from groundwork.run.launch import advise

if __name__ == "__main__":
    raise SystemExit(enter(advise))
