"""Tables of images as they travel: other systems, other folders, rows without a file, images in several rows."""

from pathlib import Path

import pytest
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data import read_image_table

KEYS = ("image_root", "id_column", "group", "split_column", "order_column", "query")


def read(table: Path, **keys):
    given = {**dict.fromkeys(KEYS), "image_column": "photo", "target": "y", "trust_pickle": False, **keys}
    return read_image_table(str(table), **given)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "imgs").mkdir()
    for number in range(3):
        Image.new("L", (4, 4)).save(tmp_path / "imgs" / f"id{number}.jpg")
    return tmp_path


def table(place: Path, *cells: str, head: str = "photo,y") -> Path:
    path = place / "t.csv"
    path.write_text(
        "\n".join([head, *(f"{cell},{row}" for row, cell in enumerate(cells))]) + "\n", encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (("imgs/id0", "imgs/id1"), "'imgs/id0' is 'imgs/id0.jpg'"),
        (("imgs\\id0.JPG", "imgs\\id1.JPG"), "'imgs/id0.JPG' is 'imgs/id0.jpg'"),
        (("imgs/ID0.jpg", "imgs/id1.jpg"), "1 paths"),
        (("imgs/id0.jpg ", "imgs/id1.jpg"), "'imgs/id0.jpg'"),
        (("/content/drive/imgs/id0.jpg", "/content/drive/imgs/id1.jpg"), "'/content/drive' is taken off"),
        (("C:\\Users\\me\\imgs\\id0.jpg", "C:\\Users\\me\\imgs\\id1.jpg"), "'C:/Users/me' is taken off"),
        (("/kaggle/input/imgs/id0.JPG", "/kaggle/input/imgs/id1.jpg"), "is taken off"),
    ],
)
def test_paths_of_other_systems_are_found_and_it_is_said(photos: Path, cells, note):
    samples = read(table(photos, *cells))
    assert samples.sample_id.tolist() == ["imgs/id0.jpg", "imgs/id1.jpg"]
    assert any(note in one for one in samples.notes) or cells[0].endswith(" ")


def test_a_name_that_several_files_fit_is_missing(photos: Path):
    Image.new("L", (4, 4)).save(photos / "imgs" / "id0.png")
    with pytest.raises(UserError, match=r"1 are missing .*'imgs/id0'"):
        read(table(photos, "imgs/id0", "imgs/id1"))


def test_rows_without_their_file_are_dropped_counted_and_named(photos: Path):
    path = table(photos, "imgs/id0.jpg", "imgs/gone.jpg", "imgs/id2.jpg", "imgs/lost.jpg")
    with pytest.raises(UserError, match=r"2 are missing .*or use data\.unreadable=drop"):
        read(path)
    samples = read(path, unreadable="drop")
    assert samples.target["y"].tolist() == [0, 2]
    assert "2 rows" in samples.notes[0]
    assert "'imgs/gone.jpg', 'imgs/lost.jpg'" in samples.notes[0]
    with pytest.raises(UserError, match=r"data\.unreadable must be one of error, drop"):
        read(path, unreadable="skip")


def test_a_wrong_folder_is_an_error_whatever_is_dropped(photos: Path):
    (photos / "empty").mkdir()
    path = table(photos, "imgs/id0.jpg")
    with pytest.raises(UserError, match=r"1 are missing .*Check data\.image_root\.$"):
        read(path, unreadable="drop", image_root=photos / "empty")


def test_an_image_in_two_rows_is_read_by_its_id(photos: Path):
    path = table(photos, "r0,imgs/id0.jpg", "r1,imgs/id0.jpg", "r2,imgs/id1.jpg", head="row,photo,y")
    with pytest.raises(UserError, match=r"Set data\.id_column"):
        read(path)
    samples = read(path, id_column="row")
    assert samples.sample_id.tolist() == ["r0", "r1", "r2"]
    assert samples.path[0] == samples.path[1]
    dropped = table(photos, "r0,imgs/id0.jpg", "r1,imgs/gone.jpg", "r2,imgs/id0.jpg", head="row,photo,y")
    assert read(dropped, id_column="row", unreadable="drop").sample_id.tolist() == ["r0", "r2"]


def test_no_absolute_path_leads_out_of_the_folder(photos: Path):
    (photos.parent / "id9.jpg").write_bytes(b"")
    for cell in (f"{photos.parent}/id9.jpg", "/etc/passwd", "../id9.jpg"):
        with pytest.raises(UserError, match=r"must lie below|are missing"):
            read(table(photos, cell))
