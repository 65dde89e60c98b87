"""Convert: `convert.py SOURCE TARGET [query=SQL] [trust_pickle=true]`, one table format into another.

csv, tsv, json, jsonl, parquet, feather, xlsx, pkl, and sqlite:///file.db?table=name.

`convert.py data=NAME [key=value ...] shards=FOLDER` writes images as shards: a folder, or s3://bucket/folder.
"""

from groundwork.launch.cli import enter
from groundwork.launch.commands import convert

if __name__ == "__main__":
    raise SystemExit(enter(convert))
