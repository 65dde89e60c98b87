"""Clear the caches of decoded images and features: `clear.py [paths.cache=DIR]`; runs keep what they need."""

from groundwork.run.door import enter
from groundwork.run.launch import clear

if __name__ == "__main__":
    raise SystemExit(enter(clear))
