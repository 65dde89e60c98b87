import gzip
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from groundwork.core.errors import UserError
from groundwork.data import read_fashion_mnist
from groundwork.data.readers import fashion_mnist


def idx(values: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "nowhere")
    images = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 251
    for prefix, rows in (("train", slice(0, 2)), ("t10k", slice(2, 3))):
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images[rows]))
        (tmp_path / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(idx(np.array([0, 9, 9])[rows]))
        )
    return tmp_path


def test_images_labels_and_the_official_split_are_read(folder: Path):
    samples = read_fashion_mnist(folder, False)
    assert samples.pixels.shape == (3, 28, 28, 1)
    assert samples.pixels[1, 0, :3, 0].tolist() == [784 % 251, 785 % 251, 786 % 251]
    assert samples.target["class"].tolist() == ["T-shirt", "Ankle boot", "Ankle boot"]
    assert samples.official.tolist() == ["train", "train", "test"]
    assert samples.path is None


def test_torchvisions_own_layout_is_found(folder: Path):
    raw = folder / "root" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for file in list(folder.glob("*ubyte*")):
        file.rename(raw / file.name)
    assert len(read_fashion_mnist(folder / "root", False)) == 3


def test_a_broken_file_is_told_in_one_line(folder: Path):
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="complete IDX file"):
        read_fashion_mnist(folder, False)
    path.write_bytes(b"<html>")
    with pytest.raises(UserError, match="does not start like"):
        read_fashion_mnist(folder, False)


def test_missing_files_are_told_with_their_cure(tmp_path: Path, folder: Path):
    with pytest.raises(UserError, match="dataset-fashion-mnist"):
        read_fashion_mnist(tmp_path / "empty", False)


def test_a_failed_download_is_told_in_one_line(tmp_path: Path, folder: Path, monkeypatch):
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("Error downloading\nfrom everywhere")

    for name in ("torchvision", "torchvision.datasets"):  # the real one takes seconds to import
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(FashionMNIST=fail))
    with pytest.raises(UserError, match="Error downloading from everywhere") as caught:
        read_fashion_mnist(tmp_path / "empty", True)
    assert "\n" not in str(caught.value)
