"""Fashion-MNIST -> samples: 70,000 grey images of 28 x 28 pixels in ten classes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundwork.core.errors import UserError, one_line
from groundwork.data.readers.arrays import pixel_samples
from groundwork.data.samples import Samples

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist
PARTS = {"train": "train", "test": "t10k"}
CLASSES = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def read_fashion_mnist(root: str | Path, download: bool) -> Samples:
    """Read the four files from a folder, from Debian's package, or from the network into the folder.

    The official test part is kept; validation is cut from train.

    Source:
        Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747.
    """
    folder = _find(Path(root).expanduser().absolute(), download)
    images, labels, official = [], [], []
    for split, prefix in PARTS.items():
        images.append(_read_idx(folder, f"{prefix}-images-idx3-ubyte"))
        labels.append(_read_idx(folder, f"{prefix}-labels-idx1-ubyte"))
        if len(images[-1]) != len(labels[-1]):
            raise UserError(
                f"{folder} must hold as many images as labels, but does not for {split}. Download it again."
            )
        official += [split] * len(labels[-1])
    names = [CLASSES[number] for number in np.concatenate(labels)]
    return pixel_samples(np.concatenate(images)[..., None], names, official, folder)


def _find(root: Path, download: bool) -> Path:
    wanted = f"{PARTS['train']}-images-idx3-ubyte"
    places = (root, root / "FashionMNIST" / "raw", DEBIAN)
    for place in places:
        if (place / wanted).is_file() or (place / f"{wanted}.gz").is_file():
            return place
    cure = "Install Debian's dataset-fashion-mnist, or put the four files there."
    if not download:
        raise UserError(f"Fashion-MNIST must lie in {root}, but does not, and data.download is false. {cure}")
    from torchvision.datasets import FashionMNIST  # only a download needs it, and it takes seconds to import

    try:
        FashionMNIST(str(root), download=True)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"Fashion-MNIST must be downloaded to {root}, but that failed: {one_line(error)}. {cure}"
        ) from error
    return places[1]


def _read_idx(folder: Path, name: str) -> NDArray[np.uint8]:
    """Read unsigned bytes in the IDX format: 0, 0, 8, number of dimensions, their sizes, the values."""
    path = folder / name
    try:
        data = path.read_bytes() if path.is_file() else gzip.decompress((folder / f"{name}.gz").read_bytes())
        if data[:3] != b"\x00\x00\x08":
            raise ValueError("it does not start like an IDX file of bytes")
        shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
        return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise UserError(f"{path} must be a complete IDX file, but {error}. Download it again.") from error
