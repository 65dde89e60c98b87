"""All runs on one page, to sort and filter without a server: `report.py runs='GLOB' [output=FILE]`."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import report

if __name__ == "__main__":
    raise SystemExit(enter(report))
