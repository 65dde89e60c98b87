"""Remedies that a message of a run on a table of images names, each tried from training to prediction."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from groundwork.core.errors import UserError, user_error
from groundwork.core.run_folder import RunFolder
from groundwork.launch.commands import predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start

TINY = [
    "model=timm", "model.name=test_resnet", "model.pretrained=false", "data.image_size=32", "data.batch_size=4",
    "trainer=cpu", "execution=plain", "trainer.max_epochs=1", "metrics.resamples=20", "data=image_table",
    "data.image_column=photo",
    "data.target=label", "transfer=none",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw 20 photographs of two classes; `twice.csv` has some in two rows, `some.csv` names two that are not there."""
    place, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    (place / "imgs").mkdir()
    for number in range(20):
        pixels = np.clip(rng.normal(60 + 120 * (number % 2), 40, (40, 40, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(place / "imgs" / f"{number}.png")
    frame = pd.DataFrame(
        {"photo": [f"{number}.png" for number in range(20)], "label": ["dark", "light"] * 10}
    )
    frame.to_csv(place / "all.csv", index=False)
    twice = pd.concat([frame, frame[:4]], ignore_index=True)
    twice.insert(0, "row", [f"r{number}" for number in range(24)])
    twice.to_csv(place / "twice.csv", index=False)
    gone = pd.DataFrame({"photo": ["gone.png", "lost.png"], "label": ["dark", "light"]})
    pd.concat([frame, gone]).to_csv(place / "some.csv", index=False)
    return place


def train(place: Path, table: str, *words: str) -> RunFolder:
    own = [f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"]
    data = [f"data.table={place / table}", f"data.image_root={place / 'imgs'}"]
    assert start(compose_run([*TINY, *data, *own, *words])) == 0
    return RunFolder.find("latest", place / "runs")


@pytest.fixture(scope="module")
def run(place: Path) -> RunFolder:
    return train(place, "all.csv")


def test_repeated_images_train_by_their_id_and_stay_in_one_split(place: Path):
    folder = train(place, "twice.csv", "data.id_column=row")
    splits = pd.read_csv(folder.splits).set_index("sample_id")["split"]
    assert len(splits) == 24
    assert all(splits[f"r{number}"] == splits[f"r{20 + number}"] for number in range(4))
    out = place / "twice.out.csv"
    assert predict([f"run={folder.path}", f"input={place / 'twice.csv'}", f"output={out}"]) == 0
    assert pd.read_csv(out).sample_id.tolist() == [f"r{number}" for number in range(24)]


def test_rows_without_a_file_are_dropped_by_choice(place: Path):
    with pytest.raises(Exception, match=r"2 are missing .*data\.unreadable=drop") as caught:
        train(place, "some.csv")
    assert user_error(caught.value) is not None
    folder = train(place, "some.csv", "data.unreadable=drop")
    assert len(pd.read_csv(folder.splits)) == 20
    assert any("'gone.png', 'lost.png'" in note for note in folder.read_json("result")["notes"])


def test_images_of_a_table_elsewhere_are_found_below_image_root(place: Path, run: RunFolder, tmp_path: Path):
    given = [f"run={run.path}", f"input={place / 'all.csv'}"]
    assert predict([*given, f"output={tmp_path / 'of_run.csv'}"]) == 0  # below the run's own data.image_root
    assert predict([*given, f"image_root={place / 'imgs'}", f"output={tmp_path / 'given.csv'}"]) == 0
    left, right = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("of_run", "given"))
    pd.testing.assert_frame_equal(left, right)
    with pytest.raises(UserError, match="Check image_root"):
        predict([*given, f"image_root={tmp_path}", f"output={tmp_path / 'none.csv'}"])
    with pytest.raises(UserError, match="must come with a table"):
        predict(
            [
                f"run={run.path}",
                f"input={place / 'imgs'}",
                f"image_root={place}",
                f"output={tmp_path / 'a.csv'}",
            ]
        )


def test_rows_that_cannot_be_predicted_are_named_and_repeats_are_predicted_once(
    place: Path, run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "some.csv"
    assert predict([f"run={run.path}", f"input={place / 'some.csv'}", f"output={out}"]) == 1
    assert "not predicted: gone.png (does not exist)" in capsys.readouterr().err
    assert len(pd.read_csv(out)) == 20
    assert predict([f"run={run.path}", f"input={place / 'twice.csv'}", f"output={out}"]) == 0
    assert pd.read_csv(out).sample_id.is_unique


def test_very_large_images_are_allowed_by_a_key(place: Path, run: RunFolder, tmp_path: Path):
    with pytest.raises(UserError, match=r"more than max_pixels=1599 allows"):
        train(place, "all.csv", "data.max_pixels=1599")
    train(place, "all.csv", "data.max_pixels=1600")
    given = [f"run={run.path}", f"input={place / 'imgs'}", f"output={tmp_path / 'a.csv'}"]
    with pytest.raises(UserError, match=r"more than max_pixels=1599 allows"):
        predict([*given, "max_pixels=1599"])
    assert predict([*given, "max_pixels=1600"]) == 0
    for wrong in ("0", "many", "-1"):
        with pytest.raises(UserError, match=r"max_pixels must be a whole number"):
            predict([*given, f"max_pixels={wrong}"])
