"""Look at the data before anyone trains on it: `audit.py data=NAME [key=value ...]`."""

from groundwork.run.door import enter
from groundwork.run.launch import audit

if __name__ == "__main__":
    raise SystemExit(enter(audit))
