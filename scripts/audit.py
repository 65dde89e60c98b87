"""Look at the data before anyone trains on it: `audit.py data=NAME [key=value ...]`."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import audit

if __name__ == "__main__":
    raise SystemExit(enter(audit))
