"""Your data: a source -> samples. `data.reader` in conf/experiment/mine.yaml names this function."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from pandas import DataFrame, RangeIndex, Series
from sklearn import datasets

from groundwork.data import Samples


def read_mine(classes: list[int]) -> Samples:
    """Read handwritten digits of 8 x 8 grey pixels; read your own files here instead.

    The engine splits, balances, normalizes and batches what this function returns.

    Args:
        classes: Digits to tell apart.

    Source:
        Alpaydin and Kaynak 1998, UCI: optical recognition of handwritten digits, shipped with scikit-learn.
    """
    digits = datasets.load_digits()
    kept = np.isin(digits.target, classes)
    pixels = np.rint(digits.images[kept] * (255 / 16)).astype(np.uint8)[..., None]  # (N, H, W, C)
    return Samples(
        kind="image",
        # The split is drawn from these names: unique, the same on every machine, and never a row number.
        sample_id=Series([sha256(image.tobytes()).hexdigest()[:16] for image in pixels], dtype="str"),
        target=DataFrame({"digit": digits.target[kept].astype(str)}),
        inputs=DataFrame(index=RangeIndex(len(pixels))),  # the columns of a table; images have none
        categorical=(),
        root=Path(datasets.__file__).parent,
        pixels=pixels,  # or path=, one file per image
    )
