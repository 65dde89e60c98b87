"""The audit command on small data: past bad files and gaps, to json and a page that shows nothing of test."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rich.console import Console as RichConsole

from groundwork.core.console import Console
from groundwork.launch.audit import start
from groundwork.launch.config.compose import compose_run
from groundwork.report.audit import audit_summary, wanted_samples

TINY = [
    "data=image_folder",
    "model=timm",
    "model.name=test_resnet",
    "model.pretrained=false",
    "data.image_size=32",
]


def audit(tmp_path: Path, *words: str) -> tuple[Path, dict]:
    own = [f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    folder = start(compose_run([*words, *own]), Console(quiet=True)).path
    return folder, json.loads((folder / "audit.json").read_text(encoding="utf-8"))


def overrides_of(folder: Path) -> str:
    console = RichConsole(width=200)
    with console.capture() as said:
        console.print(audit_summary(folder))
    return said.get()


def test_photographs_with_bad_files_and_duplicates(tmp_path: Path, image_folder: Path):
    (image_folder / "dark" / "broken.png").write_bytes((image_folder / "dark" / "1.png").read_bytes()[:200])
    (image_folder / "light" / "copy.png").write_bytes((image_folder / "dark" / "2.png").read_bytes())
    folder, found = audit(tmp_path, *TINY, f"data.root={image_folder}")
    assert sorted(path.name for path in folder.iterdir()) == ["audit.html", "audit.json"]
    assert [one["sample_id"] for one in found["bad"]] == ["dark/broken.png"]
    assert sum(found["n"].values()) == 41
    assert found["num_read"] == 42
    assert found["counts"]["train"].keys() == {"dark", "light"}
    assert found["duplicates"]["groups"] == found["duplicates"]["conflicts"] == 1
    assert found["duplicates"]["across"] == 0  # split=stratified keeps them together
    assert found["files"]["modes"] == {"RGB": 41}
    assert found["files"]["formats"] == {"PNG": 41}
    assert "dark/broken.png" in overrides_of(folder)
    assert "dark/broken.png" in (folder / "audit.html").read_text(encoding="utf-8")


def test_data_are_looked_at_also_for_a_lightning_module_of_ones_own(tmp_path: Path, image_folder: Path):
    _, found = audit(tmp_path, *TINY, f"data.root={image_folder}", "task=module", "task._target_=birds.Birds")
    assert sum(found["n"].values()) == 40
    assert "the number of trainable parameters is not known" in json.dumps(found["rules"])


def test_no_photograph_of_test_is_shown(tmp_path: Path, image_folder: Path):
    for number in range(20):
        picture = Image.open(image_folder / "dark" / f"{number}.png")
        picture.point(lambda value: min(255, value + 3)).save(image_folder / "dark" / f"near{number}.png")
    folder, found = audit(tmp_path, *TINY, f"data.root={image_folder}")
    assert found["near_duplicates"]["across"] > 0
    pairs = [member for one in found["near_duplicates"]["listed"] for member in one["members"]]
    in_test = {one["sample_id"] for one in pairs if one["split"] == "test"}
    wanted = set(wanted_samples(folder))
    assert in_test
    assert wanted
    assert not in_test & wanted
    assert {one["sample_id"] for one in pairs if one["split"] == "train"} <= wanted


def test_photographs_stay_out_of_the_page_on_request(tmp_path: Path, image_folder: Path):
    folder, _ = audit(tmp_path, *TINY, f"data.root={image_folder}", "report.photos=false")
    assert "image/jpeg" not in (folder / "audit.html").read_text(encoding="utf-8")


def test_a_table_with_gaps_that_training_refuses_is_audited_all_the_same(tmp_path: Path, table: Path):
    frame = pd.read_csv(table)
    frame["none"], frame["same"], frame["copy"] = np.nan, 1.0, (frame["dear"] == "yes") * 2.0
    frame.loc[[3, 4], "dear"] = None
    frame.to_csv(table, index=False)
    words = ["data=table", f"data.table={table}", "data.target=dear", "missing=error"]
    folder, found = audit(tmp_path, *words)
    assert found["target_gaps"] == {"dear": 2}
    assert sum(found["n"].values()) == 198
    assert len(found["obstacles"]) == 2
    assert found["left_out"] == {"none": "holds no value", "same": "holds nothing but '1'"}
    assert any("none (holds no value)" in one["text"] for one in found["findings"])
    columns = {one["name"]: one for one in found["columns"]}
    assert not {"none", "same"} & set(columns)
    assert sum(columns["size"]["missing"].values()) == pytest.approx(12, abs=1)
    assert {one["column"] for one in found["giveaways"] if one["suspicious"]} == {"copy", "price"}
    said = overrides_of(folder)
    assert "training would stop" in said
    assert "'copy' alone predicts dear" in said


def test_a_regression_table_is_audited(tmp_path: Path, table: Path):
    words = ["data=table", f"data.table={table}", "data.target=[price,weight]", "data.drop=[dear]"]
    folder, found = audit(tmp_path, *words, "task=regression")
    assert set(found["histograms"]) == {"price", "weight"}
    assert {one["of"] for one in found["likeness"]} >= {"target price", "target weight", "size", "color"}
    assert found["advice"]["monitor"] == "rmse"
    assert "Target price" in (folder / "audit.html").read_text(encoding="utf-8")
