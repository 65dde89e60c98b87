"""The trees of scikit-learn's gradient boosting -> plain arrays; it has no public names for them (1.9)."""

from typing import Any

import numpy as np


def boosted_trees(model: Any) -> dict[str, Any]:
    """Give the nodes of histogram gradient boosting as plain arrays, see `groundwork.evaluate.forest.Forest`.

    Its own way to keep a model, pickle, runs code when it is read.
    """
    number, encoder = model.n_features_in_, model._preprocessor
    chosen = np.zeros(number, bool) if encoder is None else np.asarray(model.is_categorical_)
    # In which the trees see the columns.
    order = np.concatenate([np.flatnonzero(chosen), np.flatnonzero(~chosen)])
    codes = [] if encoder is None else encoder.named_transformers_["encoder"].categories_
    codes = [each[np.isfinite(each)].astype(np.int64) for each in codes]
    known = np.zeros((number, 1 + max((int(each.max(initial=0)) for each in codes), default=0)), bool)
    for column, each in zip(order, codes, strict=False):
        known[column, each] = True
    trees = [(output, tree) for each in model._predictors for output, tree in enumerate(each)]
    first = np.cumsum([0, *(len(tree.nodes) for _, tree in trees)])
    row = np.cumsum([0, *(len(tree.raw_left_cat_bitsets) for _, tree in trees)])
    nodes = [_nodes(tree.nodes, order, *at) for (_, tree), *at in zip(trees, first, row, strict=False)]
    sides = [_goes_left(tree, codes, known.shape[1]) for _, tree in trees]
    return {
        **{name: np.concatenate([each[name] for each in nodes]) for name in nodes[0]},
        "goes_left": np.concatenate(sides),
        "known": known,
        "first": first[:-1],
        "adds_to": np.array([output for output, _ in trees]),
        "start": model._baseline_prediction.ravel(),
    }


def _nodes(nodes: Any, order: Any, first: int, row: int) -> dict[str, Any]:
    """Give the nodes of one tree, numbered from `first` on, and their rows of `goes_left` from `row` on."""
    own, leaf = np.arange(len(nodes)), nodes["is_leaf"] > 0
    return {
        "feature": np.where(leaf, 0, order[np.where(leaf, 0, nodes["feature_idx"])]),
        "threshold": nodes["num_threshold"],
        "left": np.where(leaf, own, nodes["left"]) + first,
        "right": np.where(leaf, own, nodes["right"]) + first,
        "missing_left": nodes["missing_go_to_left"] > 0,
        "category": np.where((nodes["is_categorical"] > 0) & ~leaf, nodes["bitset_idx"] + row, -1),
        "value": np.where(leaf, nodes["value"], 0.0),
    }


def _goes_left(tree: Any, codes: Any, width: int) -> Any:
    """Tell for each split by categories which codes go left: bit l of a set is that of the l-th known category."""
    sets = np.ascontiguousarray(tree.raw_left_cat_bitsets, "<u4")
    bits = np.unpackbits(sets.view(np.uint8), axis=1, bitorder="little") > 0
    table = np.zeros((len(sets), width), bool)
    for node in tree.nodes[(tree.nodes["is_categorical"] > 0) & (tree.nodes["is_leaf"] == 0)]:
        known = codes[node["feature_idx"]]
        table[node["bitset_idx"], known] = bits[node["bitset_idx"], : len(known)]
    return table
