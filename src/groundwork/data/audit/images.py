"""Image files -> what their headers say: sizes, modes, formats."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame
from PIL import Image

from groundwork.core.cores import own_cores
from groundwork.data.samples import Samples
from groundwork.data.store.decode import BadImageError, read_header
from groundwork.data.store.origin import in_blocks, silent_pillow
from groundwork.data.store.pictures import Encoded, is_array, opened, picture_formats, suffix

MOST_LISTED = 10
NUM_LOOKED_AT = 64


def read_file_facts(samples: Samples) -> DataFrame:
    """Read width, height, mode and format of each image; an unreadable header leaves gaps.

    Width and height are those of the upright picture.
    """
    if samples.pixels is not None:
        height, width, channels = samples.pixels.shape[1:]
        one = {"width": width, "height": height, "mode": f"{channels} channels", "format": "array"}
        return DataFrame([one] * len(samples))
    if samples.shards is not None:
        return samples.shards.read(["width", "height", "mode", "format"])
    assert samples.path is not None
    paths = [Path(path) for path in samples.path]
    with silent_pillow():
        return DataFrame(list(in_blocks(lambda row: file_facts(paths[row]), len(paths), own_cores())))


def summarize_files(facts: DataFrame) -> dict[str, Any]:
    """Count sizes, modes and formats, and name the extremes."""
    known = facts.dropna(subset=["width"])
    if not len(known):
        return {}
    width, height = known["width"].astype(int), known["height"].astype(int)
    sizes = Counter(zip(width, height, strict=True))
    return {
        "sizes": [{"size": f"{w} x {h}", "n": n} for (w, h), n in sizes.most_common(MOST_LISTED)],
        "num_sizes": len(sizes),
        "width": _range(width),
        "height": _range(height),
        "modes": dict(Counter(known["mode"]).most_common()),
        "formats": dict(Counter(known["format"]).most_common()),
    }


def enlarged(samples: Samples, size: tuple[int, int]) -> dict[str, list[int]]:
    """Compare the median size of some images with the size that they are brought to.

    Args:
        samples: Images; up to `NUM_LOOKED_AT` of them, evenly spread, are looked at.
        size: Height and width that the network sees.

    Returns:
        `from` and `to` as [width, height] if the images are enlarged, else nothing.
    """
    looked_at = np.zeros(len(samples), dtype=bool)
    looked_at[np.linspace(0, len(samples) - 1, NUM_LOOKED_AT).astype(int)] = True
    known = read_file_facts(samples.take(looked_at)).dropna(subset=["width"])
    if not len(known):
        return {}
    median = [int(known["width"].astype(int).median()), int(known["height"].astype(int).median())]
    to = [size[1], size[0]]
    return {"from": median, "to": to} if median[0] < to[0] and median[1] < to[1] else {}


def _range(values: Any) -> dict[str, int]:
    return {"low": int(values.min()), "median": int(np.median(values)), "high": int(values.max())}


def file_facts(file: Encoded) -> dict[str, Any]:
    """Read width, height, mode and format of an image, see `read_file_facts`."""
    try:
        header = read_header(file, sys.maxsize)  # those that are too large are gone already
        found: dict[str, Any] = {"width": header.size[1], "height": header.size[0]}
        if is_array(file):
            found |= {
                "mode": f"{header.channels} channels {header.dtype}",
                "format": suffix(file)[1:].upper(),
            }
        else:
            with Image.open(opened(file), formats=picture_formats()) as image:
                found |= {"mode": image.mode, "format": str(image.format)}
        return found
    except (BadImageError, OSError):
        return {"width": None, "height": None, "mode": None, "format": None}
