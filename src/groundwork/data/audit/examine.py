"""Samples and their split -> what is wrong with them, and what would help."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groundwork.core.batch import SPLITS, Split
from groundwork.data.audit.columns import describe_columns, describe_groups
from groundwork.data.audit.counts import advise_balance, class_counts, missing_classes, rules_of_thumb
from groundwork.data.audit.duplicates import (
    MOST_LISTED,
    best_possible,
    describe_duplicates,
    differ,
    input_content,
    members,
    repeated,
)
from groundwork.data.audit.giveaway import find_giveaways
from groundwork.data.audit.images import read_file_facts, summarize_files
from groundwork.data.audit.likeness import compare_splits
from groundwork.data.audit.near import Images, find_near, small_pictures
from groundwork.data.samples import Samples
from groundwork.data.store.origin import Progress
from groundwork.data.target import Target

NUM_BINS, NUM_FIFTHS = 30, 5
FEW_CLASSES, MANY_SHOWN, FEW_SHOWN = 20, 8, 4  # photographs of a class on the page
Rows = Mapping[Split, NDArray[np.int64]]


def examine(
    samples: Samples,
    target: Target,
    encoded: NDArray[Any],
    split: NDArray[Any],
    rows: Rows,
    digest: NDArray[np.str_] | None,
    trainable: int | None,
) -> dict[str, Any]:
    """Look at everything but the pixels.

    Counts, gaps and duplicates are taken of all samples; what is fitted sees training rows alone.

    Args:
        encoded: (N,) classes or (N, T) values.
        split: (N,) names of splits.
        rows: Split -> rows that take part.
        digest: (N,) content hash of each image; None for tables.
        trainable: Parameters that the configuration trains; None where that is not known.

    Returns:
        Plain types under: n, counts, histograms, missing_classes, rules, advice, columns, files, giveaways,
        group_like, dates, duplicates, grid, likeness.
    """
    counts = class_counts(target, encoded, rows)
    train = rows["train"]
    train_counts = counts["train"] if target.classes else None
    content = input_content(samples, digest)
    found: dict[str, Any] = {
        "n": {name: len(of) for name, of in rows.items()},
        "counts": counts,
        "histograms": _histograms(target, encoded, rows),
        "missing_classes": missing_classes(counts),
        "rules": rules_of_thumb(len(train), train_counts, samples.inputs.shape[1], trainable),
        "advice": advise_balance(target.task, train_counts),
        "columns": describe_columns(samples.inputs, samples.categorical, rows),
        "files": {},
        "duplicates": describe_duplicates(repeated(content), samples, split, encoded),
        "grid": _grid(samples, target, encoded, train) if samples.kind == "image" else {},
        "likeness": compare_splits(target, encoded, samples.inputs, samples.categorical, rows),
    }
    if target.classes:
        found["duplicates"]["best_possible"] = best_possible(content, encoded)
    told, categories = samples.inputs, samples.categorical
    if samples.kind == "image":
        facts = read_file_facts(samples)
        found["files"] = summarize_files(facts)
        own = facts[[name for name in facts if name not in told]]
        told = pd.concat([told.reset_index(drop=True), own], axis=1)
        categories = (*categories, *(name for name in ("mode", "format") if name in own))
    names = target.names
    found["group_like"], found["dates"] = describe_groups(samples, split), dict(samples.dates)
    found["giveaways"] = find_giveaways(told.iloc[train], categories, encoded[train], names)
    return found


def examine_pixels(
    images: Images,
    samples: Samples,
    split: NDArray[Any],
    encoded: NDArray[Any],
    digest: NDArray[np.str_],
    progress: Progress | None,
) -> dict[str, Any]:
    """Look for photographs that show nearly the same.

    Returns:
        pairs, across (pairs in two splits), conflicts (with unlike targets), samples (in any pair), is_complete,
        listed (those that tell most first), by_splits (such as "train and test" -> pairs).
    """
    near = find_near(small_pictures(images, len(samples), progress), input_content(samples, digest))
    left, right = near.pairs.T
    across = split[left] != split[right]
    unlike = differ(encoded[left], encoded[right])
    order = np.lexsort((-near.correlation, ~unlike, ~across))[:MOST_LISTED]
    return {
        "pairs": len(left),
        "samples": len(np.unique(near.pairs)),
        "across": int(across.sum()),
        "conflicts": int(unlike.sum()),
        "is_complete": near.is_complete,
        "by_splits": Counter(
            _between(one, other) for one, other in zip(split[left], split[right], strict=True)
        ),
        "listed": [
            {
                "members": members(near.pairs[number], samples, split),
                "across": bool(across[number]),
                "conflict": bool(unlike[number]),
                "correlation": round(float(near.correlation[number]), 3),
            }
            for number in order
        ],
    }


def _grid(
    samples: Samples, target: Target, encoded: NDArray[Any], train: NDArray[np.int64]
) -> dict[str, list[str]]:
    """Choose training photographs that stand for each class, or for each fifth of a continuous target."""
    if target.classes:
        parts = {name: train[encoded[train] == number] for number, name in enumerate(target.classes)}
    elif target.has_labels:
        parts = {name: train[own == 1] for name, own in zip(target.names, encoded[train].T, strict=True)}
    else:
        order = train[np.argsort(encoded[train, 0], kind="stable")]
        fifths = [part for part in np.array_split(order, NUM_FIFTHS) if len(part)]
        parts = {f"{encoded[part[0], 0]:.4g} to {encoded[part[-1], 0]:.4g}": part for part in fifths}
    most = MANY_SHOWN if len(parts) <= FEW_CLASSES else FEW_SHOWN
    return {
        name: samples.sample_id.iloc[
            part[np.unique(np.linspace(0, len(part) - 1, most).astype(int))]
        ].tolist()
        for name, part in parts.items()
        if len(part)
    }


def _between(one: str, other: str) -> str:
    first, last = sorted((one, other), key=SPLITS.index)
    return f"within {one}" if one == other else f"{first} and {last}"


def _histograms(target: Target, encoded: NDArray[Any], rows: Rows) -> dict[str, Any]:
    """Count values of continuous targets in equal bins, train and val alone."""
    found: dict[str, Any] = {}
    for number, name in enumerate(() if target.classes else target.names):
        shown = {split: encoded[rows[split], number].astype(np.float64) for split in ("train", "val")}
        known = {split: values[np.isfinite(values)] for split, values in shown.items()}
        edges = np.histogram_bin_edges(np.concatenate(list(known.values())), NUM_BINS)
        counts = {split: np.histogram(values, edges)[0].tolist() for split, values in known.items()}
        found[name] = {"edges": edges.tolist(), **counts}
    return found
