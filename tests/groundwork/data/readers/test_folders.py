"""Classes, parts and files never vanish from a folder of images, and none counts twice."""

import os
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data import Target, read_image_folder, read_images
from groundwork.data.labels import label_notes

NFC, NFD = "caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")


def draw(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".txt", ".heic", ".json"):
            path.write_text("text")
        else:
            Image.new("RGB", (4, 4), (number, 0, 0)).save(path, format="PNG")
    return folder


def refused(root: Path, message: str) -> str:
    with pytest.raises(UserError, match=message) as caught:
        read_image_folder(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (("cow/",), r"'cow' \(empty\)"),
        (("dog/readme.txt",), r"'dog' \(1 \.txt\)"),
        (("dog/1.heic", "dog/2.heic", "dog/x.txt"), r"'dog' \(2 \.heic, 1 \.txt\)"),
        (("cow/", "dog/deep/er/"), r"'cow' \(empty\), 'dog' \(empty\)"),
        (("labels/1.txt", "labels/2.txt"), r"'labels' \(2 \.txt\)"),
        (("cow/.hidden.png",), r"'cow' \(empty\)"),
    ],
)
def test_a_class_without_an_image_stops_the_run_or_is_named(tmp_path: Path, names, named):
    draw(tmp_path, "ant/1.png", "bee/1.png", *names)
    assert "data.unreadable=drop" in refused(tmp_path, named)
    samples = read_image_folder(tmp_path, "drop")
    assert sorted(samples.target["class"]) == ["ant", "bee"]
    assert any(note.endswith("left out: " + named.replace("\\", "")) for note in samples.notes)


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (("val/",), "'val'"),
        (("val/a/", "val/b/x.txt"), r"'val' \(1 \.txt\)"),
        (("train/c/",), r"'train/c' \(empty\)"),
        (("val/a/5.png", "val/c/"), r"'val/c' \(empty\)"),
    ],
)
def test_a_part_or_a_class_of_parts_without_an_image_stops_the_run(tmp_path: Path, names, named):
    refused(draw(tmp_path, "train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png", *names), named)


def test_a_class_that_one_part_lacks_is_named(tmp_path: Path):
    draw(tmp_path, "train/a/1.png", "train/b/2.png", "val/a/3.png", "val/b/")
    samples = read_image_folder(tmp_path)
    assert len(samples) == 3
    assert "'val/b' (empty)" in samples.notes[0]


def test_a_folder_without_images_beside_the_parts_is_no_class(tmp_path: Path):
    draw(tmp_path, "train/a/1.png", "train/b/2.png", "val/a/3.png", "annotations/all.json", "README.txt")
    samples = read_image_folder(tmp_path)
    assert len(samples) == 3
    assert "1 .json ('annotations' 1)" in samples.notes[0]
    assert "1 .txt ('.' 1)" in samples.notes[0]


@pytest.mark.parametrize("target", ["train", "./train", "../data/train"])
def test_a_part_that_links_to_another_is_refused(tmp_path: Path, target: str):
    root = draw(tmp_path / "data", "train/a/1.png", "train/b/2.png")
    (root / "val").symlink_to(target)
    refused(root, r"'val' \(a link to 'train'\)")


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [
        ("cow", "gone", "a broken link"),
        ("cow", "cow", "a broken link"),
        ("cow", ".", "leads in a circle"),
        ("cow", "..", "leads in a circle"),
        ("cow", "bee", "a link to 'bee'"),
        ("0", "bee", "a link to 'bee'"),
    ],
)
def test_a_class_that_is_such_a_link_is_refused(tmp_path: Path, name: str, target: str, reason: str):
    root = draw(tmp_path / "data", "ant/1.png", "bee/1.png")
    (root / name).symlink_to(target)
    refused(root, rf"'{name}' \(.*{reason}")


@pytest.mark.parametrize(
    "pair", [("val", "valid"), ("val", "Validation"), ("train", "Training"), ("test", "TEST")]
)
def test_a_part_twice_is_refused(tmp_path: Path, pair):
    names = [f"{part}/{label}/1.png" for part in {*pair, "train"} for label in "ab"]
    refused(draw(tmp_path, *names), f"are all {pair[0]}")


@pytest.mark.parametrize(
    "pair", [("cat", "cat "), (" cat", "cat"), (NFC, NFD), (f"{NFC} ", NFD), ("a", "a\u00a0")]
)
def test_two_names_for_one_class_are_refused(tmp_path: Path, pair):
    message = refused(
        draw(tmp_path, "dog/1.png", *(f"{name}/1.png" for name in pair)), "Merge or rename them"
    )
    assert all(ascii(name)[1:-1] in message for name in pair)
    names = [f"{part}/{name}/1.png" for part, name in zip(("train", "val"), pair, strict=True)]
    root = draw(tmp_path / "parts", "train/dog/1.png", *names)
    if unicodedata.normalize("NFC", pair[0]) != unicodedata.normalize("NFC", pair[1]):
        refused(root, "Merge or rename them")
    else:  # each part may come from a system of its own
        assert set(read_image_folder(root).target["class"]) == {"dog", NFC}


def test_classes_that_differ_in_case_stay_apart_and_are_named(tmp_path: Path):
    if not (draw(tmp_path, "A/1.png", "B/1.png") / "a").exists():
        samples = read_image_folder(draw(tmp_path, "a/1.png"))
        target = Target.fit(samples.target, None, None, None, None)
        assert target.classes == ("A", "a", "B")
        assert "'A' and 'a'" in label_notes(samples.target["class"], target.classes)[0]


def test_two_forms_of_one_file_name_are_refused(tmp_path: Path):
    refused(draw(tmp_path, f"a/{NFC}.png", f"a/{NFD}.png", "b/1.png"), "images of .* Merge or rename them")


@pytest.mark.parametrize("name", [b"caf\xe9/1.png", b"b/\xff\xfe.png", b"b/\xc3.png"])
def test_names_that_are_no_utf8_are_refused_in_one_line(tmp_path: Path, name: bytes):
    draw(tmp_path, "a/1.png", "b/1.png")
    path = tmp_path / os.fsdecode(name)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((tmp_path / "a/1.png").read_bytes())
    except OSError:
        pytest.skip("this file system knows no such names")
    assert "\\x" in refused(tmp_path, "must be UTF-8, but 1 ")
    with pytest.raises(UserError, match="must be UTF-8"):
        read_images(tmp_path)


def test_long_names_are_read(tmp_path: Path):
    long = "x" * 250
    samples = read_image_folder(draw(tmp_path, f"{long}/{long}.png", "b/1.png"))
    assert long in samples.target["class"].tolist()


def test_other_files_are_counted_by_suffix_and_class(tmp_path: Path):
    names = [f"a/{number}.heic" for number in range(3)] + ["b/1.heic", "b/x.txt", "b/LICENSE"]
    draw(tmp_path, "a/1.png", "b/1.png", *names[:-1])
    (tmp_path / "b/LICENSE").write_text("all rights")
    note = read_image_folder(tmp_path).notes[0]
    assert note.startswith("6 files")
    assert "4 .heic ('a' 3, 'b' 1)" in note
    assert "1 without suffix ('b' 1)" in note


def test_files_of_every_suffix_are_read_in_every_class(tmp_path: Path):
    for label, suffix in (("ant", ".JPG"), ("bee", ".jfif"), ("cat", ".avif"), ("dog", ".pgm"), ("eel", "")):
        (tmp_path / label).mkdir()
        kind = Image.registered_extensions().get(suffix.lower(), "PNG")
        for number in range(4):
            Image.new("L", (8, 8)).save(tmp_path / label / f"{number}{suffix}", format=kind)
    samples = read_image_folder(tmp_path)
    assert samples.target["class"].value_counts().to_dict() == dict.fromkeys(
        ("ant", "bee", "cat", "dog", "eel"), 4
    )
    assert samples.notes == ()


def test_a_folder_around_all_others_is_named_as_the_root(tmp_path: Path):
    draw(tmp_path, "archive/cats/1.png", "archive/dogs/1.png")
    assert f"data.root={tmp_path / 'archive'}" in refused(tmp_path, "'archive' only")


def test_a_class_that_train_lacks_is_named(tmp_path: Path):
    draw(tmp_path, "train/a/1.png", "train/b/2.png", "val/images/3.png", "test/images/4.png")  # Tiny ImageNet
    assert "without an image in train" in read_image_folder(tmp_path).notes[0]
    assert "'images'" in read_image_folder(tmp_path).notes[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [("training_set", "test_set"), ("seg_train", "seg_test"), ("Train Images", "validation-2")],
)
def test_parts_under_other_names_are_no_classes(tmp_path: Path, first, second):
    draw(
        tmp_path,
        *(f"{top}/{kind}/1.png" for top in (first, second) for kind in ("ant", "bee")),
        "single/x/1.png",
    )
    line = refused(tmp_path, "around the same classes, 'ant', 'bee'")
    assert repr(first) in line
    assert "'train'" in line


@pytest.mark.parametrize(
    "names",
    [
        ("train station/1.png", "test tube/1.png"),
        ("train station/a/1.png", "test tube/b/1.png"),
        ("ant/left/1.png", "ant/right/1.png", "bee/left/1.png", "bee/right/1.png"),
        ("train station/left/1.png", "train station/right/1.png", "car/left/1.png", "car/right/1.png"),
    ],
)
def test_classes_that_are_merely_called_so_are_read(tmp_path: Path, names):
    assert len(set(read_image_folder(draw(tmp_path, *names)).target["class"])) == 2
