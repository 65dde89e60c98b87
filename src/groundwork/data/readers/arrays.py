"""Arrays in memory -> samples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, RangeIndex, Series

from groundwork.data.contents import named_by_content
from groundwork.data.samples import Samples


def pixel_samples(
    pixels: NDArray[np.uint8], labels: Iterable[str], official: Iterable[str] | None, root: Path
) -> Samples:
    """Build samples from images (N, H, W, C) in memory, each named by a hash of its pixels and label."""
    names = list(labels)
    contents = (image.tobytes() + label.encode() for image, label in zip(pixels, names, strict=True))
    return Samples(
        kind="image",
        sample_id=named_by_content(contents),
        target=DataFrame({"class": Series(names, dtype="str")}),
        inputs=DataFrame(index=RangeIndex(len(names))),
        categorical=(),
        root=root,
        official=None if official is None else Series(list(official), dtype="str"),
        pixels=pixels,
    )
