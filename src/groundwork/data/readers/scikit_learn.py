"""Two small data sets of scikit-learn -> samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import sklearn
from pandas import DataFrame
from sklearn.datasets import load_diabetes, load_digits

from groundwork.data.readers.arrays import pixel_samples
from groundwork.data.readers.roles import Roles, as_names
from groundwork.data.readers.table import table_samples
from groundwork.data.samples import Samples

DATASETS = Path(sklearn.__file__).parent / "datasets" / "data"


def read_digits() -> Samples:
    """Read 1,797 handwritten digits of 8 x 8 pixels, their 17 grey levels spread over a byte.

    Source:
        Alpaydin and Kaynak 1998, UCI: optical recognition of handwritten digits, the test part.
    """
    bunch = load_digits()
    pixels = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    return pixel_samples(pixels, (str(label) for label in bunch.target), None, DATASETS)


def read_digit_labels() -> Samples:
    """Read the digits with four labels each, none of which excludes another, in place of their classes."""
    samples, digit = read_digits(), load_digits().target
    labels = {"even": digit % 2 == 0, "large": digit >= 5, "loop": np.isin(digit, (0, 6, 8, 9))}
    labels["prime"] = np.isin(digit, (2, 3, 5, 7))
    return replace(samples, target=DataFrame(labels).astype(np.int64))


def read_diabetes(
    inputs: Sequence[str] | None, drop: Sequence[str] | None, categorical: Sequence[str] | None
) -> Samples:
    """Read 442 patients: ten columns of the first visit, and how far diabetes came a year later.

    Args:
        inputs: Columns to learn from; None takes all ten.
        drop: Columns to leave out.
        categorical: Columns of numbers that are names of categories.

    Source:
        Efron, Hastie, Johnstone and Tibshirani 2004, Annals of Statistics 32(2), least angle regression.
    """
    frame = load_diabetes(as_frame=True, scaled=False).frame
    roles = Roles(["target"], None, None, None, None)
    return table_samples(frame, DATASETS, "diabetes", roles, inputs, as_names(drop), as_names(categorical))
