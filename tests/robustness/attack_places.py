"""Paths that lead elsewhere and files that stand for more than a machine holds; see `attacks.py`."""

import json
import os
import sqlite3
import struct
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pyarrow as pa
import yaml
from pyarrow import parquet

from groundwork.core.run_folder import RunFolder
from groundwork.data import read_frame, read_image_table
from groundwork.data.formats import Source, bounds
from groundwork.evaluate.predict import predict_inputs
from groundwork.evaluate.run import Run
from groundwork.evaluate.seal import seal_runs
from groundwork.train.checkpoint import load

Attack = tuple[str, Callable[[], object]]
DEEP = 100_000


def attacks(run: Callable[[], Path], place: Path) -> list[Attack]:
    """Prepare every attack; what each gives is done under the judge's eyes."""
    bounds.MAX_CELLS, bounds.MAX_UNPACKED_BYTES = 1_000_000, 50_000_000  # so that small files go beyond
    return [*image_paths(place), *tables(place), *databases(place), *run_files(run), *words(run, place)]


def image_paths(place: Path) -> list[Attack]:
    """Columns of paths that leave the folder of the images, or name what is no image."""
    inside = place / "images"
    inside.mkdir()
    (place / "secret.png").write_bytes(b"secret")
    (inside / "bomb.png").write_bytes(png(60_000, 60_000))
    os.mkfifo(inside / "pipe.png")
    (inside / "zero.png").symlink_to("/dev/zero")
    names = {
        "above": "../secret.png", "above, later": "a/../../secret.png", "above, by backslash": "..\\secret.png",
        "absolute": str(place / "secret.png"), "a device": "/dev/zero", "a link to a device": "zero.png",
        "a pipe": "pipe.png", "a null character": "a\x00.png", "two lines": "a\nb.png", "an address": "http://x.y/z.png",
    }  # fmt: skip
    found = []
    for name, path in names.items():
        table = inside / f"{len(found)}.json"
        table.write_text(json.dumps([{"photo": path, "y": "a"}, {"photo": path, "y": "b"}]), encoding="utf-8")
        found.append((f"image: {name}", read_images(table)))
    return [*found, ("image: 60,000 x 60,000 pixels in 100 bytes", decode(inside / "bomb.png"))]


def read_images(table: Path) -> Callable[[], object]:
    """Give the reading of a table of images."""
    none = dict.fromkeys(("id_column", "group", "split_column", "order_column", "query"))
    return lambda: read_image_table(
        table=str(table), image_root=None, image_column="photo", target="y", trust_pickle=False, **none
    )


def decode(path: Path) -> Callable[[], object]:
    """Give the decoding of an image."""
    from groundwork.core.errors import UserError
    from groundwork.data.store.decode import BadImageError, read_header

    def act() -> None:
        try:
            read_header(path)
        except BadImageError as error:  # which a run tells by name, in one line
            raise UserError(str(error)) from error

    return act


def png(width: int, height: int) -> bytes:
    """Draw a file that claims a size and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def tables(place: Path) -> list[Attack]:
    """Tables that are archives, devices, too deep or too large."""
    zeros = pa.table({"a": np.zeros(2_000_000, np.int8)})
    parquet.write_table(zeros, place / "huge.parquet")
    with ZipFile(place / "bomb.xlsx", "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with ZipFile(place / "table.zip", "w") as archive:
        archive.writestr("../table.csv", "a,b\n1,2\n")
    (place / "deep.json").write_text("[" * DEEP + "]" * DEEP, encoding="utf-8")
    (place / "wide.json").write_text('[{"a": ' + "9" * DEEP + "}]", encoding="utf-8")
    os.mkfifo(place / "pipe.csv")
    (place / "zero.csv").symlink_to("/dev/zero")
    names = ("huge.parquet", "bomb.xlsx", "table.zip", "deep.json", "wide.json", "pipe.csv", "zero.csv")
    return [(f"table: {name}", read(place / name, None)) for name in names]


def read(path: Path, query: str | None) -> Callable[[], object]:
    """Give the reading of a table."""
    return lambda: read_frame(Source.parse(str(path), "data.table"), query, False)


def databases(place: Path) -> list[Attack]:
    """Queries that write, attach or never end."""
    path = place / "own.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (1)")
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    with closing(sqlite3.connect(place / "view.db")) as connection, connection:
        connection.execute(f"CREATE VIEW v AS {endless}")
    return [
        ("database: attach", read(path, f"ATTACH DATABASE '{place / 'new.db'}' AS other")),
        ("database: delete", read(path, "DELETE FROM t")),
        ("database: trigger", read(path, "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END")),
        ("database: extension", read(path, "SELECT load_extension('/tmp/attack.so')")),
        ("database: endless view", read(place / "view.db", None)),
    ]


def run_files(run: Callable[[], Path]) -> list[Attack]:
    """Files of a run folder that are too large, too deep, or no files."""
    bomb, deep, large, json_deep, pipe, device, packed = (run() for _ in range(7))
    lines = ["a: &a [x, x]", *(f"k{n}: &k{n} [{', '.join(['*a'] * 9)}]" for n in range(9))]
    (bomb / "config.yaml").write_text("\n".join(lines), encoding="utf-8")
    (deep / "config.yaml").write_text("a: " + "[" * DEEP + "]" * DEEP, encoding="utf-8")
    (large / "config.yaml").write_text(yaml.safe_dump({"a": "x" * 2_000_000}), encoding="utf-8")
    (json_deep / "result.json").write_text('{"a": ' + "[" * DEEP + "]" * DEEP + "}", encoding="utf-8")
    for folder, name in ((pipe, "splits.csv"), (device, "result.json")):
        (folder / name).unlink()
    os.mkfifo(pipe / "splits.csv")
    (device / "result.json").symlink_to("/dev/zero")
    with ZipFile(packed / "checkpoints" / "best.ckpt", "w", ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 10_000_000)
    return [
        ("run: references in config.yaml", lambda: Run(bomb).config),
        ("run: nested config.yaml", lambda: Run(deep).config),
        ("run: large config.yaml", lambda: RunFolder(large).config),
        ("run: nested result.json", lambda: Run(json_deep).result),
        ("run: splits.csv is a pipe", lambda: Run(pipe).splits),
        ("run: result.json is a device", lambda: seal_runs({"run": str(device)})),
        ("run: compressed checkpoint", lambda: load(packed / "checkpoints" / "best.ckpt")),
    ]


def words(run: Callable[[], Path], place: Path) -> list[Attack]:
    """Words on the command line that point into odd places."""
    folder = run()
    into = {"run": str(folder), "input": str(place / "deep.json"), "output": "/dev/null/x.csv"}
    return [
        ("word: run=/etc", lambda: seal_runs({"run": "/etc"})),
        ("word: run of two lines", lambda: seal_runs({"run": "a\nb"})),
        ("word: runs=/dev/*", lambda: RunFolder.match("/dev/*")),
        ("word: output below a device", lambda: predict_inputs(into)),
    ]
