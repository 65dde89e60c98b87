"""New files through a finished run: the numbers of the run itself, and a reason for whatever does not fit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.data import Source
from groundwork.evaluate.measure import decided_table
from groundwork.evaluate.written import write_predicted
from groundwork.launch.commands import predict
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.metrics import ClassificationMetrics, OwnMetrics, RegressionMetrics

FAST = ["trainer=cpu", "execution=plain", "trainer.max_epochs=2", "metrics.resamples=20"]


def train(place: Path, *words: str) -> RunFolder:
    own = [f"paths.runs={place / 'runs'}", f"paths.cache={place / 'cache'}"]
    assert start(compose_run([*words, *FAST, *own])) == 0
    return RunFolder.find("latest", place / "runs")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 180)):
        (place / name).mkdir()
        for number in range(10):
            pixels = np.clip(rng.normal(level, 40, (40, 56, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / name / f"{number}.{'jpg' if number % 2 else 'png'}")
    return place


@pytest.fixture(scope="module")
def photo_run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    tiny = ["model=timm", "model.name=test_resnet", "model.pretrained=false", "data.image_size=32"]
    words = ["data=image_folder", f"data.root={photos}", *tiny, "data.batch_size=4", "task=classification"]
    return train(tmp_path_factory.mktemp("run"), *words)


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    size, color = rng.normal(50, 10, 120), rng.choice(["red", "blue"], 120)
    frame = pd.DataFrame({"size": size, "color": color, "rooms": rng.integers(1, 6, 120)})
    frame["price"] = 3 * size + 20 * (color == "red")
    frame["weight"] = size * 2 + frame["rooms"]
    frame.loc[::17, "size"] = np.nan
    path = tmp_path_factory.mktemp("table") / "houses.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def table_run(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    words = [
        "data=table",
        f"data.table={houses}",
        "data.target=[price,weight]",
        "task=regression",
        "model=mlp",
    ]
    return train(tmp_path_factory.mktemp("run"), *words, "transfer=none")


def run(folder: RunFolder, given: Path, output: Path) -> int:
    return predict([f"run={folder.path}", f"input={given}", f"output={output}"])


def test_the_files_of_val_get_the_numbers_of_val(photo_run: RunFolder, photos: Path, tmp_path: Path):
    assert run(photo_run, photos, tmp_path / "out.parquet") == 0
    found = pd.read_parquet(tmp_path / "out.parquet").set_index("sample_id")
    val = pd.read_parquet(photo_run.predictions("val")).set_index("sample_id")
    assert len(found) == 20
    found = found.loc[val.index]
    assert found.prediction.tolist() == val.prediction.tolist()
    names = ["prob/dark", "prob/light"]
    assert np.abs(found[names].to_numpy() - val[names].to_numpy()).max() < 1e-6
    assert list(found.columns) == ["prediction", *names]


def test_the_rows_of_val_get_the_values_of_val_in_any_format_and_order(
    table_run: RunFolder, houses: Path, tmp_path: Path
):
    frame = pd.read_csv(houses)
    frame[frame.columns[::-1]].to_parquet(tmp_path / "houses.parquet")
    assert run(table_run, tmp_path / "houses.parquet", tmp_path / "out.csv") == 0
    found = pd.read_csv(tmp_path / "out.csv").set_index("sample_id")
    val = pd.read_parquet(table_run.predictions("val")).set_index("sample_id")
    names = ["prediction/price", "prediction/weight"]
    assert found.loc[val.index, names].to_numpy() == pytest.approx(val[names].to_numpy(), rel=1e-6)
    assert len(found) == len(frame)


def test_the_checkpoint_alone_tells_classes_and_form(photo_run: RunFolder, photos: Path, tmp_path: Path):
    bare = RunFolder(tmp_path / "bare")
    (bare.path / "checkpoints").mkdir(parents=True)
    shutil.copyfile(photo_run.best, bare.best)
    bare.config_file.write_text("{}", encoding="utf-8")
    bare.write_json("result.json", {"status": "done"})
    (tmp_path / "new" / "a" / "b").mkdir(parents=True)
    shutil.copyfile(photos / "dark" / "3.jpg", tmp_path / "new" / "a" / "b" / "deep.jpg")
    assert run(bare, tmp_path / "new", tmp_path / "folder.csv") == 0
    assert run(bare, tmp_path / "new" / "a" / "b" / "deep.jpg", tmp_path / "image.csv") == 0
    folder, image = pd.read_csv(tmp_path / "folder.csv"), pd.read_csv(tmp_path / "image.csv")
    assert folder.sample_id.tolist() == ["a/b/deep.jpg"]
    assert image.sample_id.tolist() == ["deep.jpg"]
    assert folder.drop(columns="sample_id").equals(image.drop(columns="sample_id"))


def test_unreadable_files_are_listed_and_the_rest_is_predicted(
    photo_run: RunFolder, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(photos / "dark", tmp_path / "new")
    whole = (tmp_path / "new" / "1.jpg").read_bytes()
    (tmp_path / "new" / "1.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "new" / "2.png").write_bytes(b"no image")
    assert run(photo_run, tmp_path / "new", tmp_path / "out.csv") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[2] for line in lines] == ["1.jpg", "2.png"]
    assert all(line.startswith("not predicted: ") and line.endswith(")") for line in lines)
    found = pd.read_csv(tmp_path / "out.csv").set_index("sample_id")
    assert sorted(found.index) == ["0.png", *(f"{n}.{'jpg' if n % 2 else 'png'}" for n in range(3, 10))]
    assert run(photo_run, photos / "dark", tmp_path / "all.csv") == 0
    whole_folder = pd.read_csv(tmp_path / "all.csv").set_index("sample_id").loc[found.index]
    assert found["prob/dark"].to_numpy() == pytest.approx(whole_folder["prob/dark"].to_numpy(), abs=1e-6)


def test_images_that_all_fail_are_refused_with_the_reason(photo_run: RunFolder, tmp_path: Path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"input must hold samples .* a\.png"):
        run(photo_run, tmp_path / "new", tmp_path / "out.csv")
    (tmp_path / "new" / "a.png").unlink()
    with pytest.raises(UserError, match="holds none"):
        run(photo_run, tmp_path / "new", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_table_that_does_not_fit_is_refused_with_the_reason(
    table_run: RunFolder, houses: Path, tmp_path: Path
):
    frame, table, output = pd.read_csv(houses), tmp_path / "new.csv", tmp_path / "out.csv"
    frame.drop(columns=["color", "price", "weight"]).to_csv(table, index=False)
    with pytest.raises(UserError, match=r"got none named color\."):
        run(table_run, table, output)
    frame.assign(rooms="many").to_csv(table, index=False)
    with pytest.raises(UserError, match="column rooms must hold numbers, as in training, but holds 'many'"):
        run(table_run, table, output)
    frame.head(0).to_csv(table, index=False)
    with pytest.raises(UserError, match="input must have rows"):
        run(table_run, table, output)
    assert not output.exists()


def test_a_table_without_targets_and_with_unseen_categories_is_predicted(
    table_run: RunFolder, houses: Path, tmp_path: Path
):
    frame = pd.read_csv(houses).drop(columns=["price", "weight"])
    frame.head(3).assign(color=["red", "green", None], extra=1).to_csv(tmp_path / "new.csv", index=False)
    assert run(table_run, tmp_path / "new.csv", tmp_path / "out.jsonl") == 0
    found = pd.read_json(tmp_path / "out.jsonl", lines=True)
    assert found[["prediction/price", "prediction/weight"]].notna().all(axis=None)
    assert len(found) == 3


def test_rows_too_large_for_the_network_are_named_and_the_rest_is_predicted(
    table_run: RunFolder, houses: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    frame = pd.read_csv(houses).drop(columns=["price", "weight"]).iloc[1:4].astype({"size": float})
    frame.to_csv(tmp_path / "whole.csv", index=False)
    assert run(table_run, tmp_path / "whole.csv", tmp_path / "whole_out.csv") == 0
    large = frame.copy()
    large.loc[2, "size"] = 1e300
    large.to_csv(tmp_path / "new.csv", index=False)
    capsys.readouterr()
    assert run(table_run, tmp_path / "new.csv", tmp_path / "out.csv") == 1
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("not predicted: ")
    assert "no finite number" in line
    assert "2 of 3 samples predicted" in said.out
    whole, found = pd.read_csv(tmp_path / "whole_out.csv"), pd.read_csv(tmp_path / "out.csv")
    expected = whole.iloc[[0, 2]][["prediction/price", "prediction/weight"]].to_numpy()
    assert found[["prediction/price", "prediction/weight"]].to_numpy() == pytest.approx(expected)


def test_a_probability_that_is_no_number_decides_for_no_class(tmp_path: Path):
    prob = np.array([[0.2, 0.8], [np.nan, np.nan], [0.7, 0.3]], dtype=np.float32)
    metrics = ClassificationMetrics(
        monitor="accuracy", resamples=9, extra={}, top_k=(), positive=None, threshold=None
    )
    target = {"classes": ["no", "yes"], "names": ["sick"]}
    output, more = Source.parse(str(tmp_path / "out.csv"), "output"), {"set_size": np.array([1, 0, 2])}
    ids, bad = pd.Series(["broken", "a", "b", "c"]), {0: "no image"}
    prob = np.concatenate([np.zeros((1, 2), dtype=np.float32), prob])
    status = write_predicted(
        ids, bad, prob, metrics, target, {"input": "new"}, output, Console(quiet=True), more
    )
    found = pd.read_csv(tmp_path / "out.csv")
    assert status == 1
    assert found.sample_id.tolist() == ["a", "c"]
    assert found.prediction.tolist() == ["yes", "no"]
    assert found.set_size.tolist() == [1, 2]


def test_wrong_words_are_refused_in_one_line(
    photo_run: RunFolder, table_run: RunFolder, photos: Path, tmp_path: Path
):
    (tmp_path / "file").write_text("")
    table = tmp_path / "table.csv"
    table.write_text("a\n1\n")
    cases = [
        (photo_run, tmp_path / "nowhere", tmp_path / "o.csv", "is not there"),
        (photo_run, table, tmp_path / "o.csv", "input must be images"),
        (table_run, photos, tmp_path / "o.csv", "input must be a table"),
        (photo_run, photos, tmp_path / "o.doc", "output must end in one of csv"),
        (photo_run, photos, tmp_path / "file" / "o.csv", "output must lie in a folder one can write to"),
        (RunFolder(tmp_path), photos, tmp_path / "o.csv", "must be a run folder"),
    ]
    for folder, given, output, message in cases:
        with pytest.raises(UserError, match=message) as error:
            run(folder, given, output)
        assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=r"output= .* must be given"):
        predict([f"run={photo_run.path}", f"input={photos}"])


def test_an_unfinished_run_is_refused(photo_run: RunFolder, photos: Path, tmp_path: Path):
    shutil.copytree(photo_run.path, tmp_path / "run")
    (tmp_path / "run" / "result.json").write_text(json.dumps({"status": "failed"}), encoding="utf-8")
    with pytest.raises(UserError, match="must be finished, but is failed"):
        run(RunFolder(tmp_path / "run"), photos, tmp_path / "o.csv")


def test_the_threshold_of_the_run_decides():
    prob = np.array([[0.65, 0.35], [0.75, 0.25]], dtype=np.float32)
    options: dict = {"monitor": "f1", "resamples": 9, "extra": {}, "top_k": (), "positive": None}
    metrics = ClassificationMetrics(**options, threshold=0.3)
    table = decided_table(pd.Series(["a", "b"]), prob, metrics, ["no", "yes"], ["sick"])
    assert table.prediction.tolist() == ["yes", "no"]


def test_metrics_of_ones_own_alone_decide_for_the_most_probable_class():
    prob = np.array([[0.45, 0.55], [0.75, 0.25]], dtype=np.float32)
    metrics = OwnMetrics(monitor="acc", resamples=9, extra={})
    table = decided_table(pd.Series(["a", "b"]), prob, metrics, ["no", "yes"], ["sick"])
    assert table.prediction.tolist() == ["yes", "no"]


def test_one_target_is_named_prediction():
    metrics = RegressionMetrics(monitor="rmse", resamples=9, extra={})
    value = np.array([[1.6], [2.5]], dtype=np.float32)
    table = decided_table(pd.Series(["a", "b"]), value, metrics, [], ["count"])
    assert list(table.columns) == ["sample_id", "prediction"]
    assert table.prediction.tolist() == pytest.approx([1.6, 2.5])


def test_a_row_is_predicted_alike_whatever_else_the_file_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    rng = np.random.default_rng(0)
    width = rng.choice(["2.50", "3.00", "large"], 80)
    age = rng.integers(20, 60, 80).astype(float)
    price = np.select([width == "2.50", width == "3.00"], [1.0, 9.0], 4.0) + age / 10
    frame = pd.DataFrame({"id": range(80), "width": width, "age": age, "price": price})
    frame.loc[::9, "age"] = np.nan
    frame.to_csv(tmp_path / "houses.csv", index=False, na_rep="NA")
    words = ["data=table", f"data.table={tmp_path / 'houses.csv'}", "data.target=price", "data.id_column=id"]
    words += [
        "task=regression",
        "model=mlp",
        "transfer=none",
        "trainer=cpu",
        "execution=plain",
        "trainer.max_epochs=2",
    ]
    words += ["metrics.resamples=20", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"]
    assert start(compose_run(words)) == 0
    folder = RunFolder.find("latest", tmp_path / "runs")
    some = frame[width != "large"].iloc[:6]
    parts = {
        "all": frame,
        "some": some,
        "gap": frame[frame.age.isna()].head(1),
        "new": some.assign(width="9.9"),
    }
    found = {}
    for name, part in parts.items():
        part.to_csv(tmp_path / f"{name}.csv", index=False, na_rep="NA")
        assert run(folder, tmp_path / f"{name}.csv", tmp_path / f"{name}.out.csv") == 0
        out = pd.read_csv(tmp_path / f"{name}.out.csv").set_index("sample_id")
        found[name] = out.filter(like="prediction").iloc[:, 0]
    for name in ("some", "gap"):
        assert found[name].tolist() == pytest.approx(found["all"].loc[found[name].index].tolist(), abs=1e-5)
    said = capsys.readouterr().out
    assert said.count("hold a category that training did not know") == 1
    assert "column 'width': 6 of 6 rows hold a category" in said


def test_large_values_and_written_numbers_keep_their_digits_up_to_the_prediction(tmp_path: Path):
    rng = np.random.default_rng(0)
    x = rng.integers(1000, 9999, 120)
    seconds = 1_700_000_000 + x / 100 + rng.normal(0, 5, 120)
    # a comma is the decimal sign of the file, and so of x, though 1,234 alone could be either
    texts = [(f"{a / 1000:.3f}", f"{a % 7}.5", f"{y:.4f}") for a, y in zip(x, seconds, strict=True)]
    rows = "".join(",".join(f'"{cell}"'.replace(".", ",") for cell in row) + "\n" for row in texts)
    (tmp_path / "t.csv").write_text(f"x,k,y\n{rows}", encoding="utf-8")
    run = train(tmp_path, "data=table", f"data.table={tmp_path / 't.csv'}", "data.target=y")
    table = pd.read_parquet(run.predictions("val"))
    assert table["prediction"].dtype == table["target"].dtype == np.float64
    assert table["prediction"].nunique() == len(table)  # float32 knows nothing between two values 128 apart
    assert set(table["target"]) <= {float(y) for _, _, y in texts}
    rmse = float(np.sqrt(((table["prediction"] - table["target"]) ** 2).mean()))
    assert run.read_json("result")["val"]["rmse"] == pytest.approx(rmse, rel=1e-9)
    (tmp_path / "new.csv").write_text('x,k\n"1,234","0,5"\n', encoding="utf-8")
    (tmp_path / "plain.csv").write_text("x,k\n1.234,0.5\n", encoding="utf-8")
    for name in ("new", "plain"):
        words = [f"input={tmp_path / name}.csv", f"output={tmp_path / name}.parquet", f"run={run.path}"]
        assert predict(words) == 0
    found = [pd.read_parquet(tmp_path / f"{name}.parquet")["prediction"].item() for name in ("new", "plain")]
    assert found[0] == found[1]


def test_parts_of_dates_are_predicted_as_in_the_run(tmp_path: Path):
    moments = pd.date_range("2024-01-01", periods=140, freq="D")
    table = pd.DataFrame({"when": moments.strftime("%Y-%m-%d"), "y": 10.0 * (moments.day_of_week == 2) + 0.5})
    table.to_csv(tmp_path / "days.csv", index=False)
    words = [
        "data=table",
        f"data.table={tmp_path / 'days.csv'}",
        "data.target=y",
        "data.date_parts=[weekday]",
    ]
    words += [
        "trainer=cpu",
        "trainer.max_epochs=12",
        "optim.lr=2e-2",
        "metrics.resamples=20",
        "report.write=false",
    ]
    assert start(compose_run([*words, "data.batch_size=16", f"paths.runs={tmp_path / 'runs'}"])) == 0
    folder, output = RunFolder.find("latest", tmp_path / "runs"), tmp_path / "out.csv"
    pd.DataFrame({"when": ["2024-03-06", "2024-03-07"]}).to_csv(tmp_path / "new.csv", index=False)
    assert predict([f"run={folder.path}", f"input={tmp_path / 'new.csv'}", f"output={output}"]) == 0
    wednesday, thursday = pd.read_csv(output)["prediction"]
    assert wednesday - thursday == pytest.approx(10, abs=3)
    pd.DataFrame({"when": [None, ""]}).to_csv(tmp_path / "new.csv", index=False)
    assert predict([f"run={folder.path}", f"input={tmp_path / 'new.csv'}", f"output={output}"]) == 0
    assert len(pd.read_csv(output)) == 2
