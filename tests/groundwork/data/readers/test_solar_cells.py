from pathlib import Path

import pytest
from PIL import Image

from groundwork.core.errors import UserError
from groundwork.data import Target, read_solar_cells
from groundwork.data.readers import solar_cells


def test_the_package_holds_the_published_counts():
    pytest.importorskip("elpv_dataset")
    samples = read_solar_cells(None, "probability", None)
    # Deitsch et al. 2019, table 1: 1,508 functional cells, 295 and 106 in between, 715 defective
    counts = samples.target["probability"].round(2).value_counts()
    assert counts.to_dict() == {0.0: 1508, 0.33: 295, 0.67: 106, 1.0: 715}
    assert samples.sample_id[0] == "images/cell0001.png"
    target = Target.fit(samples.target, "classification", None, 0.5, ["intact", "defective"])
    assert target.encode(samples.target).sum() == 106 + 715


def test_a_folder_of_the_same_shape_is_read(tmp_path: Path):
    (tmp_path / "images").mkdir()
    for number in (1, 2):
        Image.new("L", (4, 4)).save(tmp_path / "images" / f"cell{number}.png")
    (tmp_path / "labels.csv").write_text(
        "images/cell1.png  1.0   mono\nimages/cell2.png  0.0   poly\n", encoding="utf-8"
    )
    samples = read_solar_cells(tmp_path, "type", "type")
    assert samples.target["type"].tolist() == samples.group.tolist() == ["mono", "poly"]


def test_a_missing_package_is_told_with_its_cure(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(solar_cells, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install 'elpv-dataset"):
        read_solar_cells(None, "probability", None)
    with pytest.raises(UserError, match=r"must hold labels\.csv"):
        read_solar_cells(tmp_path, "probability", None)
