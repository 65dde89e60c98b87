"""Near duplicates as groups: tied through a third, named alike in any order, found once, kept in one part."""

from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame, Series
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data import ImageDataModule, TableDataModule
from groundwork.data.audit.near import NearPairs
from groundwork.data.near_groups import tie


def pairs(*found: tuple[int, int]) -> NearPairs:
    return NearPairs(np.array(found).reshape(-1, 2), np.ones(len(found)), True)


def test_chains_are_one_group_named_by_its_least_member():
    assert tie(Series(["d", "b", "c", "a"]), pairs((0, 1), (1, 2))).tolist() == ["b", "b", "b", "a"]
    assert tie(Series(["d", "b"]), pairs()).tolist() == ["d", "b"]


def test_groups_of_the_source_stay_together():
    patient = Series(["p", None, "p", "", "q"], dtype=object)
    names = Series(["e", "d", "c", "b", "a"])
    assert tie(names, pairs((1, 2)), patient).tolist() == ["c", "c", "c", "b", "a"]


@pytest.fixture
def bursts(tmp_path: Path) -> Path:
    """Draw 12 scenes of two classes, each photographed three times with a little noise."""
    rng = np.random.default_rng(0)
    for scene in range(12):
        blocks = rng.integers(40, 216, (8, 8))
        folder = tmp_path / "photos" / "ab"[scene % 2]
        folder.mkdir(parents=True, exist_ok=True)
        for shot in range(3):
            pixels = np.kron(blocks, np.ones((8, 8))) + rng.normal(0, 3, (64, 64))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{scene:02d}_{shot}.png")
    return tmp_path / "photos"


def test_a_burst_never_spans_two_parts(bursts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def split() -> DataFrame:
        module = ImageDataModule.from_folder(bursts, image_size=64, group="auto", cache=tmp_path / "cache")
        found = module.prepared
        (said,) = (note for note in found.notes if "data.group" in note)
        assert said.startswith(
            "data.group=auto ties 36 of 36 images to near duplicates, in 12 groups of up to 3; "
        )
        return DataFrame(
            {"scene": found.samples.sample_id.str[:4], "split": found.split, "group": found.samples.group}
        )

    first = split()
    assert first.groupby("scene")["split"].nunique().max() == 1
    assert first["group"].nunique() == 12
    monkeypatch.setattr("groundwork.data.near_groups.small_pictures", None)  # known by now
    assert split().equals(first)


def test_groups_are_found_in_images_alone_and_columns_are_of_tables(bursts: Path, tmp_path: Path):
    table = tmp_path / "table.csv"
    DataFrame({"a": [1, 2], "b": [0, 1]}).to_csv(table, index=False)
    with pytest.raises(UserError, match=r"data.group=auto must find images .* Name a column."):
        TableDataModule.from_table(table, "b", group="auto").prepare_data()
    with pytest.raises(UserError, match=r"data.group must be auto or null, .* but got scene"):
        ImageDataModule.from_folder(bursts, group="scene", cache=tmp_path / "cache").prepare_data()
