"""Row identities -> keyed hashes and the units of rows that stay together."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from pandas import factorize, isna
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from groundwork.core.errors import UserError

_LAST = np.iinfo(np.uint64).max


@dataclass(frozen=True)
class SplitKeys:
    """Hold what a split may depend on, N aligned rows.

    Attributes:
        sample_id: (N,) str, unique.
        target: (N,) int64 classes, -1 where missing, or (N, T) float values; None splits blindly.
        group: (N,) str; "" or missing is a group of its own.
        duplicate: (N,) str, hash of each sample's inputs, see `input_contents`; equal ones stay together.
        order: (N,) sortable values, oldest first.
        official: (N,) one of SPLITS, or "" where the data set does not say.
        classes: K names of the classes, or T of the labels, for the notes.
    """

    sample_id: Any
    target: Any = None
    group: Any = None
    duplicate: Any = None
    order: Any = None
    official: Any = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        num_rows = len(self.sample_id)
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "classes" or value is None:
                continue
            object.__setattr__(self, field.name, np.asarray(value))
            if len(value) != num_rows:
                raise ValueError(f"{field.name} must have {num_rows} rows, but got {len(value)}.")
        ids, counts = np.unique(self.sample_id.astype(str), return_counts=True)
        if len(ids) < num_rows:
            raise UserError(
                f"sample_id must be unique, but got {str(ids[counts.argmax()])!r} {counts.max()} times. "
                "Name another data.id_column, or none."
            )

    def __len__(self) -> int:
        return len(self.sample_id)


def keyed_hash(values: Iterable[object], key: str) -> NDArray[np.uint64]:
    """Hash each text with a key: the same 64 bits on every machine, Python and library version.

    Text is composed (NFC) first, because macOS may hand out decomposed file names.
    """
    secret = blake2b(key.encode(), digest_size=32).digest()
    digests = b"".join(blake2b(_encode(value), digest_size=8, key=secret).digest() for value in values)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def split_hash(sample_id: Any, split: Any) -> str:
    """Name a split: 16 hexadecimal digits of its (sample_id, split) pairs, whatever their order."""
    digest = blake2b(digest_size=8)
    pairs = zip(np.asarray(sample_id).tolist(), np.asarray(split).tolist(), strict=True)
    for name, part in sorted((_encode(name), str(part)) for name, part in pairs):
        digest.update(len(name).to_bytes(8, "little") + name + part.encode() + b"\n")
    return digest.hexdigest()


def tie_units(keys: SplitKeys) -> NDArray[np.int64]:
    """Number the units that stay whole: rows joined by a group or by equal content, (N,)."""
    num_rows = len(keys)
    rows, columns, num_nodes = [], [], num_rows
    for values in (keys.group, keys.duplicate):
        if values is None or num_rows == 0:
            continue
        named = has_name(values).nonzero()[0]
        codes, names = factorize(values[named].astype(str))
        rows.append(named)
        columns.append(codes + num_nodes)
        num_nodes += len(names)
    if not rows:
        return np.arange(num_rows)
    labels = connected(np.concatenate(rows), np.concatenate(columns), num_nodes)[:num_rows]
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.int64)


def connected(left: NDArray[np.int64], right: NDArray[np.int64], num_nodes: int) -> NDArray[np.int64]:
    """Number the parts of a graph that edges from left to right (E,) connect, for each node (num_nodes,)."""
    edges = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(num_nodes, num_nodes))
    return np.asarray(connected_components(edges, directed=False)[1])


def stable_keys(keys: SplitKeys, unit: NDArray[np.int64], secret: str) -> NDArray[np.uint64]:
    """Hash each unit by what no added row can change: group names, else content, else sample_id.

    Returns:
        (N,) one key per unit, repeated for its rows. Only a new row that ties two units into one
        (its group is known, and so is its content, elsewhere) changes a key.
    """
    names = (
        keys.sample_id
        if keys.duplicate is None
        else np.where(has_name(keys.duplicate), keys.duplicate, keys.sample_id)
    )
    key = keyed_hash(names, f"{secret} content")
    if keys.group is not None:
        grouped = has_name(keys.group)
        in_grouped_unit = np.bincount(unit, weights=grouped)[unit] > 0 if len(unit) else grouped
        key[in_grouped_unit] = _LAST
        key[grouped] = keyed_hash(keys.group[grouped], f"{secret} group")
    return first_key(key, unit)[unit]


def first_key(key: NDArray[np.uint64], unit: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Give each unit the smallest hash of its rows, (U,)."""
    first = np.full(unit.max() + 1 if len(unit) else 0, _LAST, dtype=np.uint64)
    np.minimum.at(first, unit, key)
    return first


def is_alone(codes: NDArray[np.int64]) -> NDArray[Any]:
    """Tell which entries occur once, (N,) bool."""
    _, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] == 1, dtype=bool)


def has_name(values: NDArray[Any]) -> NDArray[Any]:
    """Tell which entries are neither missing nor empty, (N,) bool."""
    return np.asarray(~isna(values) & (np.asarray(values, dtype=object) != ""), dtype=bool)


def _encode(value: object) -> bytes:
    # Undecodable bytes of a file name arrive as lone surrogates, which plain UTF-8 refuses.
    return normalize("NFC", str(value)).encode("utf-8", "surrogatepass")
