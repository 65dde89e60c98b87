"""Samples with equal inputs stay together, whatever their targets, by every way to split."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.ensemble import RandomForestRegressor

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.launch.config.compose import compose_run
from groundwork.train.audit.brief import audit_briefly, brief_lines
from groundwork.train.prepare import Prepared, prepare
from groundwork.train.samples import read_samples

NUM_INPUTS, REPLICATES = 150, 4
GROUPS = ["data.group=group", "split=stratified"]
SUBSET = ["subset=stratified", "subset.size=200"]


def prepared(tmp_path: Path, *overrides: str) -> Prepared:
    config = compose_run([f"paths.cache={tmp_path / 'cache'}", *overrides]).config
    return prepare(config, *read_samples(config), Console(quiet=True))


@pytest.fixture
def replicates(tmp_path: Path) -> Path:
    """Write 150 inputs, four times each, whose target is noise of the input and a little of the replicate."""
    rng = np.random.default_rng(0)
    inputs = np.repeat(rng.normal(size=(NUM_INPUTS, 4)).round(6), REPLICATES, axis=0)
    frame = pd.DataFrame(inputs, columns=list("abcd"))
    noise = np.repeat(rng.normal(size=NUM_INPUTS), REPLICATES)
    frame["y"] = noise + 0.3 * rng.normal(size=len(frame))
    frame["group"] = np.repeat(np.arange(NUM_INPUTS) // 2, REPLICATES)
    frame["when"] = rng.permutation(len(frame))
    frame["label"] = np.where(frame.y > 0, "high", "low")
    frame.to_csv(tmp_path / "replicates.csv", index=False)
    return tmp_path / "replicates.csv"


def torn(found: Prepared, column: str = "a") -> int:
    parts = pd.Series(found.split).groupby(found.samples.inputs[column].to_numpy()).nunique()
    return int((parts > 1).sum())


@pytest.mark.parametrize("target", ["y", "label"])
@pytest.mark.parametrize(
    "split",
    [
        ["split=stratified"], ["split=random"], ["split=folds", "split.fold=1"], GROUPS, SUBSET,
        ["split=stratified", "split.stable=true"], ["split=chronological", "data.order_column=when"],
    ],
    ids=lambda words: words[-1],
)  # fmt: skip
def test_equal_inputs_lie_in_one_part(replicates: Path, tmp_path: Path, split: list[str], target: str):
    words = [
        "data=table",
        f"data.table={replicates}",
        "data.inputs=[a,b,c,d]",
        f"data.target={target}",
        *split,
    ]
    found = prepared(tmp_path, *words)
    assert torn(found) == 0
    (note,) = [note for note in found.notes if "share their inputs" in note]
    assert note.startswith("600 samples share their inputs with another one (150 sets")
    assert note.endswith("each set stays in one part")
    if split != SUBSET and "chron" not in split[0] and "stable" not in split[-1]:
        assert abs(len(found.rows["val"]) - (90 if "folds" not in split[0] else 102)) <= 8  # to one unit of 8


def test_what_memory_alone_can_tell_is_not_told_on_val(replicates: Path, tmp_path: Path):
    words = ["data=table", f"data.table={replicates}", "data.inputs=[a,b,c,d]", "data.target=y"]
    found = prepared(tmp_path, *words)
    inputs, target = found.samples.inputs.to_numpy(), found.encoded[:, 0]

    def r2(train: np.ndarray, val: np.ndarray) -> float:
        forest = RandomForestRegressor(30, random_state=0).fit(inputs[train], target[train])
        return float(forest.score(inputs[val], target[val]))

    rows = np.random.default_rng(0).permutation(600)
    assert r2(rows[:420], rows[420:510]) > 0.5  # cut by rows: memory
    assert r2(found.rows["train"], found.rows["val"]) < 0.1


def test_equal_photographs_stay_together_under_two_labels(tmp_path: Path):
    rng = np.random.default_rng(0)
    for number in range(40):
        pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        for label in ("cat", "dog"):
            (tmp_path / "images" / label).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "images" / label / f"{number}.png")
    words = ["data=image_folder", f"data.root={tmp_path / 'images'}", "data.image_size=8"]
    found = prepared(tmp_path, *words)
    parts = pd.Series(found.split).groupby(np.asarray(found.source.digest)).nunique()
    assert len(parts) == 40
    assert parts.max() == 1
    assert any(
        "80 samples share their inputs with another one (40 sets, 40 of them with" in n for n in found.notes
    )


def test_too_few_different_inputs_for_three_parts_are_named(tmp_path: Path):
    pd.DataFrame({"a": np.arange(90) % 2, "y": np.arange(90) % 7 * 1.5}).to_csv(
        tmp_path / "t.csv", index=False
    )
    with pytest.raises(
        UserError, match=r"none of 90\. Only 2 inputs differ, and equal ones stay in one part"
    ):
        prepared(tmp_path, "data=table", f"data.table={tmp_path / 't.csv'}", "data.target=y")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (GROUPS, "There are 2 groups, each of which stays in one part"),
        (["split=chronological", "data.order_column=when"], "The order has 2 different values"),
    ],
)
def test_the_reason_why_a_part_is_empty_is_named(tmp_path: Path, words: list[str], said: str):
    frame = pd.DataFrame({"x": range(1, 80, 2), "y": np.linspace(0.5, 9.7, 40)})
    frame["group"] = np.where(frame.x < 50, "p", "q")
    frame["when"] = np.where(frame.x < 70, 2020, 2021)
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(UserError, match=f"holds none of 40.*{said}"):
        prepared(tmp_path, "data=table", f"data.table={tmp_path / 't.csv'}", "data.target=y", *words)


def test_a_published_split_that_tears_equal_inputs_is_kept_and_warned_of(replicates: Path, tmp_path: Path):
    frame = pd.read_csv(replicates)
    frame["part"] = np.where(np.arange(600) % 4 < 3, "train", "test")
    frame.to_csv(replicates, index=False)
    words = ["data=table", f"data.table={replicates}", "data.inputs=[a,b,c,d]", "data.target=y"]
    found = prepared(tmp_path, *words, "data.split_column=part")
    assert torn(found) == 150
    assert not any("stays in one part" in note for note in found.notes)
    assert "warning: 150 times samples with the same inputs lie in two splits" in brief_lines(
        audit_briefly(found, is_balanced=False)
    )
