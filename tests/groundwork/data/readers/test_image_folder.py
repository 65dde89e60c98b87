import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data import read_image_folder, read_images


def draw(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path) if path.suffix.lower() in (".png", ".jpg") else path.write_bytes(
            b""
        )
    return folder


def test_each_folder_is_a_class_with_all_that_lies_below_it(tmp_path: Path):
    draw(tmp_path, "cat/1.png", "cat/deep/er/2.JPG", "dog/3.Npy", "dog/4.tiff")
    samples = read_image_folder(tmp_path)
    assert samples.kind == "image"
    assert samples.sample_id.tolist() == ["cat/1.png", "cat/deep/er/2.JPG", "dog/3.Npy", "dog/4.tiff"]
    assert samples.target["class"].tolist() == ["cat", "cat", "dog", "dog"]
    assert samples.inputs.shape == (4, 0)
    assert samples.official is None
    assert all(Path(path).is_absolute() and Path(path).is_file() for path in samples.path)


def test_splits_above_the_classes_are_the_official_split(tmp_path: Path):
    draw(tmp_path, "train/a/1.png", "train/b/2.png", "Validation/a/3.png", "test/b/4.png")
    samples = read_image_folder(tmp_path)
    assert dict(zip(samples.sample_id, samples.official, strict=True)) == {
        "Validation/a/3.png": "val",
        "test/b/4.png": "test",
        "train/a/1.png": "train",
        "train/b/2.png": "train",
    }
    assert samples.target["class"].tolist() == ["a", "b", "a", "b"]


def test_a_class_may_be_called_train(tmp_path: Path):
    draw(tmp_path, "train/1.png", "bus/2.png")
    samples = read_image_folder(tmp_path)
    assert samples.target["class"].tolist() == ["bus", "train"]
    assert samples.official is None


def test_hidden_files_are_skipped_and_others_counted(tmp_path: Path):
    draw(tmp_path, "a/1.png", "b/2.png", "a/.hidden.png", ".cache/3.png", "__MACOSX/a/4.png", "a/notes.txt")
    samples = read_image_folder(tmp_path)
    assert len(samples) == 2
    assert "1 files" in samples.notes[0]
    assert "1 .txt ('a' 1)" in samples.notes[0]
    assert "3 hidden files and leftovers" in samples.notes[1]


def test_an_accent_has_one_identifier_however_the_disk_writes_it(tmp_path: Path):
    name = unicodedata.normalize("NFD", "é")
    draw(tmp_path, f"{name}/1.png", "b/2.png")
    samples = read_image_folder(tmp_path)
    assert samples.sample_id[1] == "\u00e9/1.png"
    assert samples.target["class"][1] == "\u00e9"
    assert Path(samples.path[1]).is_file()


def test_a_link_that_leads_back_is_followed_once(tmp_path: Path):
    draw(tmp_path, "a/1.png", "b/2.png")
    try:
        (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this system gives links to administrators only")
    assert len(read_image_folder(tmp_path)) == 2


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "holds none"),
        (("a/readme.txt",), "holds none"),
        (("a/1.png",), "'a' only"),
        (("a/1.png", "b/2.png", "loose.png"), r"'loose\.png' is in"),
        (("train/a/1.png", "train/b/1.png", "bus/2.png"), "beside 'bus'"),
        (("train/1.png", "test/2.png"), "images directly"),
        (("train/a/1.png", "train/b/1.png", "test/2.png"), "images directly"),
    ],
)
def test_wrong_folders_are_refused_in_one_line(tmp_path: Path, names, message):
    draw(tmp_path, *names)
    with pytest.raises(UserError, match=message) as caught:
        read_image_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_named_with_its_absolute_path(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        read_image_folder("birds")
    assert str(tmp_path / "birds") in str(caught.value)
    with pytest.raises(UserError, match=r"data\.root=FOLDER"):
        read_image_folder(None)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        read_image_folder(tmp_path / "file")


def test_images_without_classes_are_read_for_prediction(tmp_path: Path):
    draw(tmp_path, "1.png", "deep/2.png", "list.csv")
    samples = read_images(tmp_path)
    assert samples.sample_id.tolist() == ["1.png", "deep/2.png"]
    assert samples.target.shape == (2, 0)
    assert read_images(tmp_path / "1.png").sample_id.tolist() == ["1.png"]
    with pytest.raises(UserError, match="holds none"):
        read_images(draw(tmp_path / "empty", "a.txt"))
