"""Clear the caches of decoded images and features: `clear.py [paths.cache=DIR]`; runs keep what they need."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import clear

if __name__ == "__main__":
    raise SystemExit(enter(clear))
