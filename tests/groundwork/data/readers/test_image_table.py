from pathlib import Path

import pytest
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data import read_image_table

KEYS = ("image_root", "id_column", "group", "split_column", "order_column", "query")


def read(table: Path, **keys):
    given = {**dict.fromkeys(KEYS), "image_column": "photo", "target": "price", "trust_pickle": False, **keys}
    return read_image_table(str(table), **given)


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.new("L", (4, 4)).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "houses.csv").write_text(
        "id,photo,price,rooms,town,part,sold\n"
        "007,photos/0.png,1.5,3,A,train,2024-03-01\n"
        "008,photos\\1.png,2.5,4,A,test,2024-01-01\n"
        "009,./photos/../photos/2.png,,5,B,valid,2024-02-01\n",
        encoding="utf-8",
    )
    return tmp_path / "houses.csv"


def test_a_row_is_an_image_with_its_targets(houses: Path):
    samples = read(houses, target=["price", "rooms"])
    assert samples.sample_id.tolist() == ["photos/0.png", "photos/1.png", "photos/2.png"]
    assert samples.target.columns.tolist() == ["price", "rooms"]
    assert samples.target["price"].isna().tolist() == [False, False, True]
    assert samples.inputs.shape == (3, 0)
    assert all(Path(path).is_file() for path in samples.path)


def test_a_split_that_nobody_asked_for_is_told(houses: Path):
    assert (
        "column 'part' names the parts of a split, which data.split_column=part keeps" in read(houses).notes
    )
    assert not any("split" in note for note in read(houses, split_column="part").notes)


def test_other_columns_play_their_parts(houses: Path):
    samples = read(houses, id_column="id", group="town", split_column="part", order_column="sold")
    assert samples.sample_id.tolist() == ["007", "008", "009"]
    assert samples.group.tolist() == ["A", "A", "B"]
    assert samples.official.tolist() == ["train", "test", "val"]
    assert samples.order.rank().tolist() == [3, 1, 2]


def test_paths_may_be_absolute_below_the_image_root(houses: Path):
    text = houses.read_text(encoding="utf-8").replace(
        "photos/0.png", (houses.parent / "photos/0.png").as_posix()
    )
    houses.write_text(text, encoding="utf-8")
    assert read(houses).sample_id[0] == "photos/0.png"
    text = text.replace("photos\\1", "1").replace("./photos/../photos/2", "2")
    houses.write_text(text, encoding="utf-8")
    assert read(houses, image_root=houses.parent / "photos").sample_id.tolist() == ["0.png", "1.png", "2.png"]


def test_missing_files_are_counted_and_named(houses: Path):
    (houses.parent / "photos" / "1.png").unlink()
    with pytest.raises(UserError, match=r"1 are missing .*'photos/1.png'"):
        read(houses)


@pytest.mark.parametrize("cell", ["../secret.png", "photos/../../secret.png", "/etc/secret.png"])
def test_a_path_never_leaves_the_image_root(houses: Path, cell: str):
    (houses.parent.parent / "secret.png").write_bytes(b"")
    houses.write_text(f"photo,price\nphotos/0.png,1.5\n{cell},2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"must lie below .*secret.png"):
        read(houses)


@pytest.mark.parametrize(
    ("content", "keys", "message"),
    [
        ("photo,price\nphotos/0.png,1\n,2\n", {}, "row 2"),
        ("photo,price\nphotos/0.png,1\nphotos/0.png,2\n", {}, "data.id_column"),
        ("photo,price\n", {}, "has none"),
        ("photos,price\nphotos/0.png,1\n", {}, "Did you mean 'photos'"),
        ("photo,price\nphotos/0.png,1\n", {"image_column": None}, "data.image_column=NAME"),
        ("photo,price\nphotos/0.png,1\n", {"target": "prize"}, "Did you mean 'price'"),
        ("photo,price\nphotos/0.png,1\n", {"target": ["price", "price"]}, "each column once"),
        ("photo,price\nphotos/0.png,1\n", {"image_root": "nowhere"}, "data.image_root must be a folder"),
        ("photo,id,price\nphotos/0.png,1,1\nphotos/1.png,1,2\n", {"id_column": "id"}, "'1' more than once"),
        ("photo,p,price\nphotos/0.png,holdout,1\n", {"split_column": "p"}, "'holdout'"),
        ("photo,t,price\nphotos/0.png,May,1\n", {"order_column": "t"}, "ISO dates"),
        ("photo,g,price\nphotos/0.png,a,1\nphotos/1.png,,1\n", {"group": "g"}, "misses it in row 2"),
    ],
)
def test_wrong_tables_are_refused_in_one_line(houses: Path, content, keys, message):
    houses.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        read(houses, **keys)
    assert "\n" not in str(caught.value)
