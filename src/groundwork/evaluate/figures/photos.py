"""The photographs that a report shows, out of the store."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.core.run_folder import RunFolder
from groundwork.data.prepared import Prepared
from groundwork.report import wanted_photos


def wanted_pixels(folder: RunFolder, prepared: Prepared) -> dict[str, NDArray[Any]]:
    """Read the pixels (H, W, C) of the training and validation samples that the report of a run wants to show."""
    wanted = set(wanted_photos(folder.path))
    rows = np.concatenate([prepared.rows["val"], prepared.rows["train"]])
    names = prepared.samples.sample_id.iloc[rows]
    shown = [(name, row) for name, row in zip(names, rows, strict=True) if name in wanted]
    if not shown or prepared.samples.kind != "image":
        return {}
    images = prepared.source.batch(rows[[name in wanted for name in names]])
    return {name: image.permute(1, 2, 0).numpy() for (name, _), image in zip(shown, images, strict=True)}
