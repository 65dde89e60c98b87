"""Convert: `convert.py SOURCE TARGET [query=SQL] [trust_pickle=true]`, one table format into another.

csv, tsv, json, jsonl, parquet, feather, xlsx, pkl, and sqlite:///file.db?table=name.

`convert.py data=NAME [key=value ...] shards=FOLDER` writes images as shards: a folder, or s3://bucket/folder.
"""

import sys

from groundwork.core.errors import UserError
from groundwork.data import convert_table
from groundwork.launch.cli import enter, key_values
from groundwork.launch.commands import shard

KEYS = {"query": "SQL that selects the rows of a database", "trust_pickle": "true reads a .pkl file"}


def convert(words: list[str]) -> int:
    if "--help" in words or "-h" in words:
        print(__doc__)
        return 0
    if asked := [word for word in words if word.startswith("shards=")]:
        return shard([word for word in words if word not in asked], asked[-1].removeprefix("shards="))
    places, options = words[:2], key_values(words[2:], KEYS)
    if len(places) < 2:
        raise UserError("convert must have SOURCE and TARGET. Example: convert.py houses.csv houses.parquet.")
    trusted = options.get("trust_pickle", "false") == "true"
    for note in convert_table(places[0], places[1], options.get("query"), trusted):
        print(f"note: {note}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(enter(convert))
