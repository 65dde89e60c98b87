"""Fuzz the table formats: `fuzz_tables.py [cases=2000]` draws that many tables and broken files per format.

Each drawn table is converted to the format: every cell must read back as it was, or a note must name
its column. Each broken file must give a table or one line of error. Prints one line of figures.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundwork.core.errors import UserError
from groundwork.data import convert_table, read_frame, write_frame
from groundwork.data.formats import Source

FORMATS = ("csv", "tsv", "json", "jsonl", "parquet", "feather", "xlsx", "pkl", "db")
SEEDS = (
    "a,b\n1,x\n2,y\n",
    "a;b\n1,5;ü\n",
    '[{"a": 1, "b": null}]',
    '{"a": 1}\n{"a": "x"}\n',
    "a\tb\n\t\n",
    "",
)

words = st.sampled_from(
    ["", "NA", "null", "007", "1", "-0", "1.0", "1e5", "True", "true", "2024-02-29", "2024-02-30", "inf", "nan", "=1+1",
     " x ", "a,b", 'q"q', "a\nb", "a\r\nb", "\x00", "\x1f", "_x0041_", "é", "😀", "#N/A", "1;2", "a\tb", "'", "\\"]
)  # fmt: skip
texts = st.one_of(words, st.text(st.characters(exclude_categories=("Cs",)), max_size=8))
dates = st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01"))
CELLS = {
    "str": texts,
    "Int64": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    "UInt64": st.integers(0, 2**64 - 1),
    "int8": st.integers(-128, 127),
    "float64": st.floats(allow_nan=False) | st.sampled_from([0.1 + 0.2, 1e16, -0.0, 5e-324]),
    "float32": st.floats(allow_nan=False, width=32),
    "boolean": st.booleans(),
    "datetime64[us]": dates
    | dates.map(lambda moment: moment.replace(hour=0, minute=0, second=0, microsecond=0)),
    "datetime64[ns]": dates,
    "datetime64[us, Europe/Paris]": dates,
    "category": texts,
}
NEVER_MISSING = ("int8",)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a table of every kind of column, with missing cells."""
    num_rows = draw(st.integers(0, 6))
    names = draw(st.lists(texts.filter(bool), min_size=1, max_size=4, unique_by=str.casefold))
    columns = {}
    for name in names:
        kind = draw(st.sampled_from(sorted(CELLS)))
        cell = CELLS[kind] if kind in NEVER_MISSING else CELLS[kind] | st.none()
        cells = draw(st.lists(cell, min_size=num_rows, max_size=num_rows))
        columns[name] = pd.Series(cells, dtype=object).astype(kind)
    return pd.DataFrame(columns, index=pd.RangeIndex(num_rows))


def plain(column: pd.Series) -> list[object]:
    """Return Python's own values, None where missing: what has to survive."""
    return [
        None if value is pd.NA or value is pd.NaT or value != value else _value(value) for value in column
    ]


def _value(value: object) -> object:
    if isinstance(value, pd.Timestamp):
        return value.tz_convert("UTC") if value.tz else value
    return value if isinstance(value, str | bool) else value.item() if hasattr(value, "item") else value


def check_round_trip(frame: pd.DataFrame, name: str, folder: Path) -> str:
    """Convert a table; return what came of it, or fail on a silent change."""
    place, target = folder / "source.parquet", folder / f"target.{name}"
    target.unlink(missing_ok=True)
    write_frame(frame, Source.parse(str(place), "SOURCE"))
    try:
        notes = convert_table(str(place), str(target), None, False)
    except UserError as error:
        return _refused(error)
    back = read_frame(Source.parse(str(target), "TARGET"), None, True)
    if back.shape[1] == 0 or len(back) != len(frame):  # no rows in JSON, empty rows at the end of a sheet
        assert notes
        return "noted"
    for column in frame:
        same = column in back and _equal(plain(frame[column]), plain(back[column]))
        assert same or any(repr(column) in note for note in notes), (name, column, list(frame[column]), notes)
    return "noted" if notes else "exact"


def _equal(old: list[object], new: list[object]) -> bool:
    return all(a == b and isinstance(a, str) == isinstance(b, str) for a, b in zip(old, new, strict=True))


def _refused(error: UserError) -> str:
    assert len(str(error).splitlines()) == 1, error
    return "refused"


def check_broken(data: bytes, name: str, folder: Path) -> str:
    """Read a file of anything at all: a table or one line of error, never a traceback."""
    place = folder / f"broken.{name}"
    place.write_bytes(data)
    try:
        frame = read_frame(Source.parse(str(place), "data.table"), None, False)
    except UserError as error:
        return _refused(error)
    assert frame.columns.is_unique
    return "read"


def broken(name: str, folder: Path) -> st.SearchStrategy[bytes]:
    """Draw files that are broken, or look like another format."""
    frame = pd.DataFrame({"a": [1, None, 3], "b": ["x", "y", None], "c": pd.to_datetime(["2024-01-01"] * 3)})
    place = folder / f"whole.{name}"
    write_frame(frame, Source.parse(str(place), "TARGET"))
    whole = place.read_bytes()
    cut = st.integers(0, len(whole)).map(lambda end: whole[:end])
    flips = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)
    flipped = flips.map(lambda pairs: bytes(dict(pairs).get(i, byte) for i, byte in enumerate(whole)))
    nested = st.recursive(
        st.none() | st.booleans() | st.floats() | texts, lambda x: st.lists(x) | st.dictionaries(texts, x)
    )
    text = st.one_of(st.sampled_from(SEEDS), texts, nested.map(json.dumps), st.lists(texts).map("\n".join))
    return st.one_of(
        cut, flipped, text.map(lambda t: t.encode("utf-8", "surrogatepass")), st.binary(max_size=64)
    )


def fuzz(name: str, cases: int, folder: Path) -> Counter[str]:
    """Run both checks on many drawn cases."""
    counts: Counter[str] = Counter()
    quiet = settings(
        max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )

    @quiet
    @given(tables())
    def round_trips(frame: pd.DataFrame) -> None:
        counts[check_round_trip(frame, name, folder)] += 1

    @quiet
    @given(broken(name, folder))
    def broken_files(data: bytes) -> None:
        counts[f"broken {check_broken(data, name, folder)}"] += 1

    round_trips()
    if name != "pkl":  # a pickle is refused unread
        broken_files()
    return counts


def main(words: list[str]) -> int:
    cases = int(dict(word.split("=") for word in words).get("cases", 2000))
    start, total = time.perf_counter(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for name in FORMATS:
            counts = fuzz(name, cases, Path(folder))
            print(name, dict(counts), file=sys.stderr)
            total += counts
    figures = ", ".join(f"{count:,} {what}" for what, count in sorted(total.items()))
    print(
        f"{len(FORMATS)} formats, {cases:,} cases each: {figures}; {time.perf_counter() - start:.0f} s, 0 "
        "tracebacks"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
