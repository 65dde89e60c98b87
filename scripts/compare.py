"""Many runs as one table and one picture: `compare.py runs='GLOB' [split=val|test] [output=DIR]`."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import compare

if __name__ == "__main__":
    raise SystemExit(enter(compare))
