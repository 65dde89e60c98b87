"""A run that starts from a run of one's own keeps its backbone, channels, statistics and stages, under a new head."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor

from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.evaluate.network import load_network
from groundwork.launch.commands import evaluate, predict
from groundwork.launch.commands import train as train_command
from groundwork.launch.config.compose import compose_run
from groundwork.launch.dispatch import start
from groundwork.train import fit as fitting
from groundwork.train.checkpoint import load

SMALL = [
    "trainer=cpu",
    "execution=plain",
    "metrics.resamples=20",
    "report.write=false",
    "trainer.max_epochs=1",
]
TINY = ["model=timm", "model.name=test_resnet", "data.image_size=32", "data.batch_size=8"]


def draw(folder: Path, names: str, mode: str) -> Path:
    rng = np.random.default_rng(0)
    for level, name in enumerate(names, 1):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            shape = (32, 32) if mode == "L" else (32, 32, 3)
            pixels = np.clip(rng.normal(50 * level, 30, shape), 0, 255).astype(np.uint8)
            Image.fromarray(pixels, mode).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("warm"), np.random.default_rng(0)
    for mode in ("L", "RGB"):
        draw(folder / mode / "two", "ab", mode)
        draw(folder / mode / "three", "abc", mode)
    rows = pd.DataFrame(
        {"x": rng.normal(5, 3, 160), "z": rng.normal(size=160), "c": rng.choice(list("uv"), 160)}
    )
    rows["y"] = rows.x + (rows.c == "u")
    rows.to_csv(folder / "first.csv", index=False)
    rows["c"] = rng.choice(list("uvw"), 160)  # a category that the first table did not have
    rows["extra"] = 1.0 * rng.integers(0, 9, 160)
    rows["k"] = np.where(rows.z > 0, "high", "low")
    rows[["extra", "c", "k", "z", "x"]].to_csv(folder / "second.csv", index=False)
    rows[["x", "k"]].to_csv(folder / "short.csv", index=False)
    return folder


def images(place: Path, which: str) -> list[str]:
    return ["data=image_folder", f"data.root={place / which}", *TINY, f"paths.cache={place / 'cache'}"]


def fit(place: Path, name: str, *words: str) -> RunFolder:
    assert start(compose_run([*words, *SMALL, f"paths.runs={place / 'runs' / name}"])) == 0
    return RunFolder.find("latest", place / "runs" / name)


@pytest.fixture(scope="module")
def first(place: Path) -> Callable[[str], RunFolder]:
    """Give the first run on grey or on color images, or on a table; trained once."""
    known: dict[str, RunFolder] = {}

    def give(kind: str) -> RunFolder:
        if kind not in known:
            words = (
                [
                    "data=table",
                    f"data.table={place / 'first.csv'}",
                    "data.target=y",
                    "model=mlp",
                    "model.hidden=[8,8]",
                ]
                if kind == "table"
                else [*images(place, f"{kind}/two"), "model.pretrained=false", "transfer=scratch"]
            )
            known[kind] = fit(place, f"first-{kind}", *words)
        return known[kind]

    return give


def backbone(folder: RunFolder) -> dict[str, Tensor]:
    state: dict[str, Tensor] = load(folder.best)["state_dict"]
    return {name: value for name, value in state.items() if ".head." not in name}


def second_table(place: Path, run: object, *words: str, file: str = "second.csv") -> list[str]:
    return ["data=table", f"data.table={place / file}", "data.target=k", "model=mlp", "model.hidden=[8,8]",
            f"model.pretrained={run}", *words]  # fmt: skip


@pytest.mark.parametrize("kind", ["L", "RGB"])
def test_a_frozen_backbone_is_that_of_the_run_bit_for_bit(place: Path, first: Any, kind: str):
    run = first(kind)
    folder = fit(place, f"frozen-{kind}", *images(place, f"{kind}/three"), f"model.pretrained={run.path}",
                 "transfer=small_similar")  # fmt: skip
    before, after = backbone(run), backbone(folder)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)  # the statistics, too
    assert before["network.normalize.mean"].numel() == (1 if kind == "L" else 3)
    assert load(folder.best)["state_dict"]["network.head.linear.weight"].shape[0] == 3


@pytest.mark.parametrize("kind", ["L", "table"])
def test_training_begins_with_the_weights_of_the_run(
    place: Path, first: Any, kind: str, monkeypatch: pytest.MonkeyPatch
):
    began: list[dict[str, Tensor]] = []
    real = fitting.first_task

    def watch(context: Any, parts: Any, *others: Any) -> Any:
        began.append({name: value.clone() for name, value in parts[0].network.state_dict().items()})
        return real(context, parts, *others)

    run = first(kind)
    monkeypatch.setattr(fitting, "first_task", watch)
    words = second_table(place, run.path) if kind == "table" else [
        *images(place, "L/three"), f"model.pretrained={run.path}"]  # fmt: skip
    folder = fit(place, f"whole-{kind}", *words, "transfer=large_different")
    known = backbone(run)
    assert all(torch.equal(began[0][name.removeprefix("network.")], value) for name, value in known.items())
    assert not all(torch.equal(value, backbone(folder)[name]) for name, value in known.items())


def test_grey_images_pass_a_color_backbone_but_color_ones_no_grey(place: Path, first: Any):
    folder = fit(place, "grey-on-color", *images(place, "L/three"), f"model.pretrained={first('RGB').path}",
                 "transfer=small_similar")  # fmt: skip
    assert load_network(folder).normalize.num_channels == 3
    with pytest.raises(UserError, match=r"must have the 1 channel.* but have 3") as told:
        fit(place, "color-on-grey", *images(place, "RGB/three"), f"model.pretrained={first('L').path}",
            "transfer=small_similar")  # fmt: skip
    assert "\n" not in str(told.value)


def test_a_run_that_was_cut_keeps_its_stages(place: Path, first: Any):
    cut = fit(place, "cut", *images(place, "L/two"), f"model.pretrained={first('L').path}",
              "transfer=small_similar", "transfer.cut=1")  # fmt: skip
    folder = fit(place, "cut-again", *images(place, "L/three"), f"model.pretrained={cut.path}",
                 "transfer=small_similar")  # fmt: skip
    assert load_network(folder).num_stages == load_network(cut).num_stages == 2
    assert load(folder.best)["reads"]["stages"] == [1]


def test_a_table_keeps_columns_by_name_and_says_what_it_leaves_out(
    place: Path, first: Any, capsys: pytest.CaptureFixture[str]
):
    run = first("table")
    folder = fit(place, "table-frozen", *second_table(place, run.path, "transfer=small_similar"))
    said = " ".join(capsys.readouterr().out.split())
    assert f"columns extra are left out, because model.pretrained={run.path} does not read them" in said
    assert "column 'c'" in said
    assert "hold a category that training did not know" in said
    before, after = backbone(run), backbone(folder)
    assert all(torch.equal(before[name], after[name]) for name in before)
    columns = [folder.read_json("data")["columns"]["columns"], run.read_json("data")["columns"]["columns"]]
    assert columns[0] == columns[1]
    assert load(folder.best)["state_dict"]["network.head.linear.weight"].shape == (2, 8)


def test_sizes_that_would_follow_from_the_rows_are_those_of_the_run(place: Path):
    words = ["data=table", f"data.table={place / 'first.csv'}", "data.target=y", "model=tabm"]
    run = fit(place, "first-tabm", *words, "model.width=16")
    longer = pd.concat([pd.read_csv(place / "second.csv")] * 9)
    longer.to_csv(place / "longer.csv", index=False)
    words = [
        "data=table",
        f"data.table={place / 'longer.csv'}",
        "data.target=k",
        "model=tabm",
        "model.width=16",
    ]
    folder = fit(place, "second-tabm", *words, f"model.pretrained={run.path}", "transfer=small_similar")
    sizes = ("k", "width", "number_width")
    assert [folder.config.model[key] for key in sizes] == [run.config.model[key] for key in sizes]
    before, after = backbone(run), backbone(folder)
    assert all(torch.equal(before[name], value) for name, value in after.items() if "backbone" in name)


def test_a_table_may_go_on_with_everything(place: Path, first: Any):
    folder = fit(place, "table-auto", *second_table(place, first("table").path))
    assert folder.config.transfer.scenario == "large_similar"
    counted = [sum(column["counts"]) for column in folder.read_json("data")["columns"]["columns"]]
    assert min(counted) > 160  # rows of both trainings


def test_prediction_sealing_and_resume_work_when_the_first_run_is_gone(
    place: Path, first: Any, tmp_path: Path
):
    for kind, words in (
        ("table", lambda run: [*second_table(place, run), "transfer=large_different"]),
        ("L", lambda run: [*images(place, "L/three"), f"model.pretrained={run}", "transfer=large_different"]),
    ):
        copy = tmp_path / kind
        shutil.copytree(first(kind).path, copy)
        folder = fit(place, f"gone-{kind}", *words(copy), "trainer.max_epochs=2")
        val = pd.read_parquet(folder.predictions("val"))
        shutil.rmtree(copy)
        source = place / ("second.csv" if kind == "table" else "L/three")
        out = tmp_path / f"{kind}.csv"
        assert predict([f"run={folder.path}", f"input={source}", f"output={out}"]) == 0
        assert len(pd.read_csv(out)) >= len(val)
        assert evaluate([f"run={folder.path}", "split=test", f"paths.runs={place / 'runs'}"]) == 0
        folder.write_json(
            "result", {**folder.read_json("result"), "status": "interrupted", "seal": None, "test": None}
        )
        folder.last.unlink()
        folder.previous.unlink(missing_ok=True)
        assert train_command([f"run={folder.path}"]) == 0
        again = pd.read_parquet(folder.predictions("val"))
        pd.testing.assert_frame_equal(val, again)


def test_latest_and_a_checkpoint_name_a_run_as_its_folder_does(place: Path, first: Any, tmp_path: Path):
    run = first("L")
    shutil.copytree(run.path, tmp_path / "runs" / "name" / "run")
    words = [*images(place, "L/three"), *SMALL, "transfer=small_similar", f"paths.runs={tmp_path / 'runs'}"]
    latest = compose_run([*words, "model.pretrained=latest"])
    assert latest.config.model.pretrained == str(tmp_path / "runs" / "name" / "run")
    assert compose_run(latest.overrides).config.model.pretrained == latest.config.model.pretrained
    folder = fit(
        place, "by-file", *images(place, "L/three"), f"model.pretrained={run.best}", "transfer=small_similar"
    )
    assert all(torch.equal(value, backbone(folder)[name]) for name, value in backbone(run).items())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model.name=test_vit"], "model.name must be test_resnet, as in model.pretrained="),
        (["transfer=scratch"], "transfer=scratch must go with model.pretrained=false"),
        (
            ["model.pretrained=/nowhere/run"],
            "must be true, false, a run or a file, but /nowhere/run does not exist",
        ),
        (["model.pretrained=EMPTY"], "has no config.yaml"),
        (["model.pretrained=UNFINISHED"], "must be a finished run, but it is interrupted"),
        (["model.pretrained=latest"], "model.pretrained=latest must name a run, but"),
        (["model.pretrained=TABLE"], "must be a run on the same kind of data, but it reads a table"),
        (["model.pretrained=BROKEN"], "must be a complete checkpoint"),
    ],
)
def test_what_cannot_be_started_from_is_told_in_one_line(
    place: Path, first: Any, tmp_path: Path, words: list[str], said: str
):
    run = first("L")
    (tmp_path / "empty").mkdir()
    for name in ("unfinished", "broken"):
        shutil.copytree(run.path, tmp_path / name)
    RunFolder(tmp_path / "unfinished").write_json("result", {"status": "interrupted"})
    broken = RunFolder(tmp_path / "broken").best
    content = bytearray(broken.read_bytes())
    content[500] ^= 1
    broken.write_bytes(bytes(content))
    named = {"EMPTY": tmp_path / "empty", "UNFINISHED": tmp_path / "unfinished", "TABLE": first("table").path,
             "BROKEN": tmp_path / "broken"}  # fmt: skip
    typed = [
        f"{word.partition('=')[0]}={named.get(word.partition('=')[2], word.partition('=')[2])}"
        for word in words
    ]
    base = [*images(place, "L/three"), "transfer=small_similar", f"model.pretrained={run.path}", *SMALL]
    with pytest.raises(UserError) as told:
        start(compose_run([*base, *typed, f"paths.runs={tmp_path / 'runs'}"]))
    assert said in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        ("short.csv", [], "columns that the model was trained on"),
        ("second.csv", ["model.hidden=[4]"], "model.hidden must be [8, 8], as in model.pretrained="),
        ("second.csv", ["model=mlp_periodic"], "model.name must be mlp, as in model.pretrained="),
        ("second.csv", ["model.pretrained=true"], "must be false or a run of your own for tables"),
        ("second.csv", ["transfer=none"], "transfer=none must go with model.pretrained=false"),
    ],
)
def test_a_table_that_does_not_fit_is_told_in_one_line(
    place: Path, first: Any, tmp_path: Path, file: str, words: list[str], said: str
):
    own = [
        *second_table(place, first("table").path, file=file),
        *SMALL,
        *words,
        f"paths.runs={tmp_path / 'runs'}",
    ]
    with pytest.raises(UserError) as told:
        start(compose_run(own))
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_finished_run_says_how_it_is_trained_longer_and_that_works(place: Path, first: Any):
    for kind in ("L", "table"):
        run = first(kind)
        with pytest.raises(UserError) as told:
            train_command([f"run={run.path}", "trainer.max_epochs=2"])
        line = str(told.value)
        assert f"train.py like={run.path} model.pretrained={run.path} transfer=large_different" in line
        assert "\n" not in line
        assert train_command([f"run={run.path}", "trainer.max_epochs=1"]) == 0
        assert train_command([f"run={run.path}"]) == 0
        typed = line.partition("train.py ")[2].split()
        assert train_command([*typed, f"paths.runs={place / 'runs' / f'longer-{kind}'}"]) == 0
        longer = RunFolder.find("latest", place / "runs" / f"longer-{kind}")
        assert longer.config.trainer.max_epochs == 2
        assert longer.splits.read_text() == run.splits.read_text()
