"""A run on images and columns, where neither tells all: trained, judged, predicted and sealed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.export.export import export_run
from groundwork.evaluate.export.formats import FORMATS
from groundwork.evaluate.export.preprocess_image import read_image
from groundwork.evaluate.export.preprocess_table import encode_rows
from groundwork.evaluate.seal import seal
from groundwork.launch.commands import predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start

TINY = [
    *("model=timm", "model.name=test_resnet", "model.pretrained=false", "data.image_size=16", "trainer=cpu"),
    *("execution=plain", "metrics.resamples=20", "report.photos=false", "data.image_column=photo"),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw images whose tone says half of the label, and a column that says the other half."""
    place, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    tone, age = rng.integers(0, 2, 120), rng.normal(50, 10, 120)
    for number, bright in enumerate(tone):
        pixels = rng.normal(90 + 60 * bright, 20, (16, 16, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{number:03d}.png")
    frame = pd.DataFrame({"photo": [f"{number:03d}.png" for number in range(120)], "age": age})
    frame["site"] = rng.choice(["a", "b"], 120)
    frame["price"] = 10 * tone + age + 4 * (frame["site"] == "a")
    frame.loc[::30, "age"] = np.nan
    frame.to_csv(place / "table.csv", index=False)
    return place / "table.csv"


def train(place: Path, table: Path, *words: str) -> RunFolder:
    own = [f"data.table={table}", f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"]
    assert start(compose_run(["data=image_table", "data.target=price", *own, *TINY, *words])) == 0
    return RunFolder.find("latest", place / "runs")


@pytest.fixture(scope="module")
def run(table: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    words = ("data.inputs=[age,site]", "task=regression", "transfer=small_similar")
    return train(tmp_path_factory.mktemp("run"), table, *words)


def test_both_together_tell_more_than_either_and_each_is_judged_in_pairs(run: RunFolder):
    result = run.read_json("result")
    assert result["transfer"]["solver"] == "exact"
    alone = {name: result["baselines"][name]["rmse"] for name in ("image", "columns")}
    assert result["val"]["rmse"] < 0.7 * min(alone.values())
    assert [result["verdicts"][name]["verdict"] for name in alone] == ["better", "better"]
    drawn = pd.read_csv(run.partial_dependence)
    assert set(drawn["input"]) == {"age", "site"}
    site = drawn[drawn["input"] == "site"].set_index("value")["prediction"]
    assert site["a"] - site["b"] == pytest.approx(4, abs=1.5)


def test_new_rows_need_the_columns_and_are_predicted_as_in_the_run(
    run: RunFolder, table: Path, tmp_path: Path
):
    output = tmp_path / "predicted.csv"
    assert predict([f"run={run.path}", f"input={table}", f"output={output}"]) == 0
    val = pd.read_parquet(run.predictions("val")).set_index("sample_id")
    found = pd.read_csv(output).set_index("sample_id").loc[val.index]
    assert found["prediction"].to_numpy() == pytest.approx(val["prediction"].to_numpy(), abs=1e-3)
    with pytest.raises(UserError, match="input must be a table of images with the columns 'age', 'site'"):
        predict([f"run={run.path}", f"input={table.parent}", f"output={output}"])
    short = table.with_name("short.csv")
    pd.read_csv(table).drop(columns="age").to_csv(short, index=False)
    with pytest.raises(UserError, match="age"):
        predict([f"run={run.path}", f"input={short}", f"output={output}"])


@pytest.mark.parametrize("name", ["onnx", "torch", "safetensors"])
def test_an_export_reads_images_and_rows(run: RunFolder, table: Path, tmp_path: Path, name: str):
    assert export_run({"run": str(run.path), "format": name, "output": str(tmp_path)}) == 0
    described = json.loads((tmp_path / "preprocessing.json").read_text(encoding="utf-8"))
    assert described["kind"] == "image_table"
    assert [column["name"] for column in described["rows"]["columns"]] == ["age", "site"]
    val = pd.read_parquet(run.predictions("val")).set_index("sample_id")["prediction"][:5]
    rows = pd.read_csv(table).set_index("photo", drop=False).loc[val.index]
    images = np.stack([read_image(table.parent / photo, described) for photo in rows["photo"]])
    columns = encode_rows(rows.to_dict("records"), described["rows"])  # type: ignore[arg-type]  # keys are text
    found = FORMATS[name].run(tmp_path / FORMATS[name].file, [images, columns])
    assert found[:, 0] == pytest.approx(val.to_numpy(), abs=1e-3)
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    code = card.split("```python")[1].split("```")[0]
    assert "from preprocess_rows import encode_rows" in code
    compile(code, "card.md", "exec")
    assert "Values outside of the range of the training rows are extrapolated." in card


def test_the_test_is_sealed_by_pairs(run: RunFolder):
    seal(run, run.path.parents[1], Console(quiet=True))
    found = pd.read_parquet(run.predictions("test")).set_index("sample_id")
    error = (
        (found["prediction"] - found["target"]).abs().median()
    )  # random features and gaps of age err widely
    assert error < 0.5 * run.read_json("result")["baselines"]["columns"]["mae"]


def test_a_network_that_trains_reads_the_columns_beside_augmented_images(table: Path, tmp_path: Path):
    words = (
        "data.inputs=[age]",
        "task=regression",
        "transfer=scratch",
        "augment=light",
        "trainer.max_epochs=1",
    )
    result = train(tmp_path, table, *words, "report.write=false").read_json("result")
    assert "columns" in result["baselines"]
    assert "image" not in result["baselines"]


def test_what_cannot_be_is_refused_in_one_line(table: Path, tmp_path: Path):
    for words, line in (
        (["data.inputs=[price]"], "data.inputs must leave out target"),
        (["data.inputs=[photo]"], "data.inputs must leave out target"),
        (["data.inputs=[height]"], "data.inputs must name a column"),
        (
            ["data.inputs=[age]", "data.categorical=[site]"],
            "data.categorical must name columns of data.inputs",
        ),
        (["data.inputs=[age]", "augment=strong"], "augment.mix must be null with data.inputs"),
    ):
        with pytest.raises(UserError, match=line):
            train(tmp_path, table, "task=regression", *words)
