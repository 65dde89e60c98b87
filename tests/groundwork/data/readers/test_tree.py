import os
from pathlib import Path

import pytest
from PIL import Image

from groundwork.data.readers.tree import read_tree


def draw(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".png"):
            Image.new("RGB", (4, 4)).save(folder / name)
        elif name.endswith("/"):
            (folder / name).mkdir()
        else:
            (folder / name).write_text("text")
    return folder


def link(path: Path, target: str | Path) -> None:
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("this system gives links to administrators only")


def test_real_folders_come_before_links_to_them(tmp_path: Path):
    draw(tmp_path, "z/1.png")
    link(tmp_path / "a", "z")
    tree = read_tree(tmp_path)
    assert tree.images == ["z/1.png"]
    assert tree.missed == {"a": "a link to 'z'"}


def test_links_out_of_the_folder_are_followed_once(tmp_path: Path):
    draw(tmp_path / "store", "cat/1.png", "cat/2.png")
    root = draw(tmp_path / "root", "dog/1.png")
    link(root / "cat", tmp_path / "store" / "cat")
    link(root / "feline", tmp_path / "store" / "cat")
    tree = read_tree(root)
    assert tree.images == ["cat/1.png", "cat/2.png", "dog/1.png"]
    assert tree.missed == {"feline": "a link to 'cat'"}


@pytest.mark.parametrize("target", [".", "..", "../..", "../root", "../root/a"])
def test_links_in_a_circle_are_named(tmp_path: Path, target: str):
    root = draw(tmp_path / "root", "a/1.png", "b/2.png")
    link(root / "a" / "loop", target)
    tree = read_tree(root)
    assert tree.images == ["a/1.png", "b/2.png"]
    assert "loop" in next(iter(tree.missed))


def test_two_links_that_lead_to_each_other_are_broken(tmp_path: Path):
    draw(tmp_path, "a/1.png")
    link(tmp_path / "one", "two")
    link(tmp_path / "two", "one")
    assert read_tree(tmp_path).missed == {"one": "a broken link", "two": "a broken link"}


def test_a_file_counts_once_however_many_links_lead_to_it(tmp_path: Path):
    draw(tmp_path, "pool.png")
    root = draw(tmp_path / "root", "a/1.png", "b/2.png")
    link(root / "b" / "1.png", "../a/1.png")
    link(root / "a" / "pool.png", tmp_path / "pool.png")
    link(root / "b" / "pool.png", tmp_path / "pool.png")
    tree = read_tree(root)
    assert tree.images == ["a/1.png", "a/pool.png", "b/2.png"]
    assert tree.again == {"b/1.png": "a/1.png", "b/pool.png": "a/pool.png"}


def test_a_broken_link_to_an_image_is_left_to_decoding_which_names_it(tmp_path: Path):
    draw(tmp_path, "a/1.png")
    link(tmp_path / "a" / "2.png", "gone.png")
    assert read_tree(tmp_path).images == ["a/1.png", "a/2.png"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    draw(tmp_path, "a/1.png", "b/2.png")
    scandir = os.scandir

    def refuse(path: Path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert read_tree(tmp_path).closed == {"b": "Permission denied"}


def test_leftovers_of_other_programs_are_known(tmp_path: Path):
    names = (
        "a/.DS_Store",
        "a/Thumbs.db",
        "__MACOSX/a/1.png",
        "__pycache__/1.png",
        ".git/x.png",
        "@eaDir/1.png",
        "a/._1.png",
    )
    draw(tmp_path, "a/1.png", ".ipynb_checkpoints/1.png", "a/desktop.ini", *names)
    tree = read_tree(tmp_path)
    assert tree.images == ["a/1.png"]
    assert tree.others == []
    assert len(tree.leftovers) == 9
