"""Search: `search.py search=NAME experiment=NAME [key=value ...]` tunes; the same command again goes on."""

from groundwork.run.door import enter
from groundwork.run.launch import search

if __name__ == "__main__":
    raise SystemExit(enter(search))
