"""Columns beside an image: encoded as scikit-learn does, with the mean where training showed nothing."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from groundwork.core.choice import build, choose
from groundwork.core.pair import Pair
from groundwork.data.columns import encode_columns
from groundwork.data.fit import fit_columns
from groundwork.data.normalize import Normalize
from groundwork.model import ImageNormalize
from groundwork.model.beside import ColumnEncoder

ROWS = pd.DataFrame({"age": [30.0, 50.0, 40.0, 80.0], "site": ["a", "b", "a", "c"]})


def encoder() -> tuple[ColumnEncoder, np.ndarray]:
    known = fit_columns(ROWS, ("site",), build(choose("missing", "mean")), Normalize("auto"))
    more = pd.DataFrame({"age": [np.nan, 50.0], "site": ["a", "new"]})
    return ColumnEncoder([asdict(one) for one in known.columns]), np.vstack(
        [encode_columns(ROWS, known), encode_columns(more, known)]
    )


def test_numbers_are_standardized_and_categories_get_a_place_each():
    module, rows = encoder()
    found = module(torch.from_numpy(rows)).numpy()
    assert found.shape == (6, module.num_features)
    assert found[:4, 0] == pytest.approx(StandardScaler().fit_transform(ROWS[["age"]])[:, 0], abs=1e-6)
    hot = OneHotEncoder(sparse_output=False).fit_transform(ROWS[["site"]])
    assert found[:4, -3:] == pytest.approx(hot)
    assert found[4, 0] == pytest.approx(0)  # a gap becomes the mean
    assert found[5, -3:] == pytest.approx(hot.mean(axis=0))  # what training never showed
    assert not any(one.requires_grad for one in module.parameters())


def test_a_pair_is_cut_and_moved_as_one_and_normalized_as_its_image():
    pair = Pair(torch.randint(0, 255, (3, 1, 4, 4), dtype=torch.uint8), torch.arange(6.0).reshape(3, 2))
    part = pair[1:].to(torch.device("cpu"))
    assert len(part) == 2
    assert part.row.tolist() == [[2, 3], [4, 5]]
    normalize = ImageNormalize([0.5], [0.5], 1)
    assert torch.equal(normalize(pair), normalize(pair.image))
    assert torch.equal(pair.images(lambda image: image + 1).row, pair.row)
