"""Search: `search.py search=NAME experiment=NAME [key=value ...]` tunes; the same command again goes on."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import search

if __name__ == "__main__":
    raise SystemExit(enter(search))
