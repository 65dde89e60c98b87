"""How large a cache is, what leaves it first, and how it is emptied."""

import os
import shutil
from pathlib import Path

import pytest

from groundwork.core import cache as store_cache
from groundwork.core.cache import cache_size, clear_cache, kind_folders, limit_cache, touch


def fill(cache: Path) -> list[Path]:
    entries = [cache / "store" / "old", cache / "features" / "middle", cache / "store" / "new"]
    for age, entry in enumerate(entries):
        entry.mkdir(parents=True)
        (entry / "content").write_bytes(b"x" * 100)
        os.utime(entry, (1000 + age, 1000 + age))
    return entries


def test_the_size_is_that_of_all_files(tmp_path: Path) -> None:
    assert cache_size(tmp_path / "missing") == 0
    fill(tmp_path)
    assert cache_size(tmp_path) == 300


def test_the_least_recently_used_entry_leaves_first(tmp_path: Path) -> None:
    old, middle, new = fill(tmp_path)
    assert limit_cache(kind_folders(tmp_path), 300, keep=new) == []
    touch(old)
    assert limit_cache(kind_folders(tmp_path), 200, keep=new) == [middle]
    assert old.exists()
    assert new.exists()


def test_the_entry_in_use_stays_whatever_the_limit(tmp_path: Path) -> None:
    old, middle, new = fill(tmp_path)
    assert limit_cache(kind_folders(tmp_path), 0, keep=old) == [middle, new]
    assert [path.name for path in tmp_path.glob("*/*")] == ["old"]


def test_a_folder_that_is_being_built_is_left_alone(tmp_path: Path) -> None:
    building = tmp_path / "store" / ".building-1"
    building.mkdir(parents=True)
    (building / "images.npy").write_bytes(b"x" * 100)
    assert limit_cache(kind_folders(tmp_path), 0, keep=tmp_path / "store" / "key") == []
    assert building.exists()


def test_a_limit_may_be_that_of_one_kind(tmp_path: Path) -> None:
    old, middle, new = fill(tmp_path)
    assert limit_cache([tmp_path / "features"], 100, keep=None) == []
    assert limit_cache([tmp_path / "store"], 100, keep=None) == [old]
    assert limit_cache([tmp_path / "features"], 99, keep=None) == [middle]
    assert limit_cache([tmp_path / "maps"], 0, keep=None) == []
    assert new.exists()


def test_what_a_killed_process_was_removing_goes_before_anything_else(tmp_path: Path) -> None:
    old, middle, new = fill(tmp_path)
    old.rename(old.with_name(".removed-1"))
    assert limit_cache(kind_folders(tmp_path), 200, keep=new) == []
    assert not old.with_name(".removed-1").exists()
    assert middle.exists()


def test_an_entry_that_the_system_does_not_let_go_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, middle, new = fill(tmp_path)
    rename = Path.replace

    def refuse(path: Path, goal: Path) -> Path:
        if path == old:
            raise PermissionError(13, "another process has it open")
        return rename(path, goal)

    monkeypatch.setattr(Path, "replace", refuse)
    assert limit_cache(kind_folders(tmp_path), 200, keep=new) == [middle]
    assert (old / "content").exists()


def test_clearing_removes_everything_and_tells_how_much(tmp_path: Path) -> None:
    fill(tmp_path)
    assert clear_cache(tmp_path) == 300
    assert cache_size(tmp_path) == 0
    assert clear_cache(tmp_path / "missing") == 0


def test_what_others_keep_beside_the_cache_stays(tmp_path: Path) -> None:
    chapters = tmp_path / "thesis" / "chapters"
    chapters.mkdir(parents=True)
    (chapters / "one.tex").write_text("text")
    (tmp_path / "store" / "key").mkdir(parents=True)
    (tmp_path / "store" / "key" / "images").write_bytes(b"1234")
    assert cache_size(tmp_path) == 4
    assert limit_cache(kind_folders(tmp_path), 0, tmp_path / "none") == [tmp_path / "store" / "key"]
    clear_cache(tmp_path)
    assert (chapters / "one.tex").read_text() == "text"


def test_an_entry_that_another_process_has_just_removed_is_nobody_s_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / "store" / name).mkdir(parents=True)
        (tmp_path / "store" / name / "images").write_bytes(b"1234")
    listed = store_cache._folders

    def then_gone(folder: Path) -> list[Path]:
        found = listed(folder)
        shutil.rmtree(tmp_path / "store" / "a", ignore_errors=True)
        return found

    monkeypatch.setattr(store_cache, "_folders", then_gone)
    limit_cache(kind_folders(tmp_path), 0, tmp_path / "store" / "b")
    touch(tmp_path / "store" / "a")
    assert not (tmp_path / "store" / "a").exists()
    assert (tmp_path / "store" / "b" / "images").exists()
