"""Many runs as one table and one picture: `compare.py runs='GLOB' [split=val|test] [output=DIR]`."""

from groundwork.run.door import enter
from groundwork.run.launch import compare

if __name__ == "__main__":
    raise SystemExit(enter(compare))
