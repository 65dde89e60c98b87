from pathlib import Path

import pytest
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data import read_groceries


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Draw the layout of the public repository."""
    data = tmp_path / "dataset"
    for split in ("train", "val", "test"):
        place = f"{split}/Fruit/Apple/Pink-Lady/Pink-Lady_001.jpg"
        (data / place).parent.mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(data / place)
        (data / f"{split}.txt").write_text(f"{place}, 2, 0\n", encoding="utf-8")
    (data / "classes.csv").write_text(
        "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID "
        "(int)\nPink-Lady,2,Apple,0\n",
        encoding="utf-8",
    )
    return tmp_path


def test_a_clone_of_the_public_repository_is_read(clone: Path):
    samples = read_groceries(clone, "coarse_label")
    assert samples.target["coarse_label"].tolist() == ["Apple"] * 3
    assert samples.official.tolist() == ["train", "val", "test"]
    assert samples.sample_id[0] == "train/Fruit/Apple/Pink-Lady/Pink-Lady_001.jpg"
    assert read_groceries(clone / "dataset", "label").target["label"].tolist() == ["Pink-Lady"] * 3


def test_a_folder_with_labels_is_read(clone: Path):
    (clone / "labels.csv").write_text(
        "path,label,coarse_label,split\ndataset/val/Fruit/Apple/Pink-Lady/Pink-Lady_001.jpg,Pink-Lady,Apple,val\n",
        encoding="utf-8",
    )
    (clone / "dataset" / "classes.csv").unlink()
    assert read_groceries(clone, "label").official.tolist() == ["val"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train/x.jpg\n", "line 1 "),
        ("train/x.jpg, 7, 0\n", "line 1 "),
        ("train/none.jpg, 2, 0\n", "1 are missing"),
    ],
)
def test_a_broken_list_is_told_with_its_line(clone: Path, line: str, message: str):
    (clone / "dataset" / "train.txt").write_text(line, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_groceries(clone, "label")


def test_missing_data_come_with_the_command_that_fetches_them(tmp_path: Path):
    for root in (None, tmp_path):
        with pytest.raises(UserError, match="git clone"):
            read_groceries(root, "label")
