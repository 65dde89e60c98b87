"""What a run warns of in one line each: a column that gives the target away, a group and a date that no split uses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundwork.core.console import Console
from groundwork.data.audit.giveaway import find_giveaways, find_giveaways_fast
from groundwork.launch.config.compose import compose_run
from groundwork.train.audit.brief import audit_briefly, brief_lines
from groundwork.train.prepare import prepare
from groundwork.train.samples import read_samples


def lines(tmp_path: Path, frame: pd.DataFrame, *overrides: str) -> list[str]:
    frame.to_csv(tmp_path / "t.csv", index=False)
    config = compose_run(
        ["data=table", f"data.table={tmp_path / 't.csv'}", f"paths.cache={tmp_path}", *overrides]
    ).config
    return brief_lines(audit_briefly(prepare(config, *read_samples(config), Console(quiet=True)), False))


def visits(num_patients: int = 60, each: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    patient = rng.permutation(np.repeat(np.arange(num_patients), each))
    frame = pd.DataFrame(rng.normal(size=(len(patient), 3)), columns=list("abc"))
    frame["y"] = rng.normal(size=len(frame))
    return frame.assign(patient=patient)


@pytest.mark.parametrize(
    "copy",
    [
        lambda y: y,
        lambda y: -3.0 * y**3,
        lambda y: y.round(1).astype(str) + " EUR and more",
        lambda y: y + 0.05 * np.sin(np.arange(len(y))),
    ],
)
def test_a_copy_of_the_target_is_named(tmp_path: Path, copy):
    frame = visits().drop(columns="patient")
    frame["copy"] = copy(frame["y"])
    found = [line for line in lines(tmp_path, frame, "data.target=y") if "alone predicts" in line]
    assert len(found) == 1
    assert found[0].startswith("warning: column 'copy' alone predicts y (skill ")
    assert found[0].endswith("If it is known only after the fact, name it in data.drop.")


def test_a_copy_of_the_class_is_named_and_an_honest_table_is_not(tmp_path: Path):
    frame = visits().drop(columns="patient")
    frame["y"] = np.where(frame.a > 1.7, "yes", "no")  # some 5 % positives
    assert "'a' alone predicts y" in "\n".join(lines(tmp_path, frame, "data.target=y"))
    frame["y"] = np.where(frame.a + frame.b > 0, "yes", "no")
    assert "warning: column" not in "\n".join(lines(tmp_path, frame, "data.target=y"))


def test_the_fast_search_finds_what_the_whole_one_finds():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(600, 20))).rename(columns=str)
    label = rng.integers(0, 40, 600)
    frame["code"] = pd.Series(label).map(lambda one: f"c{one}")
    frame["id"] = [f"row {number}" for number in range(600)]
    frame["gaps"] = np.where(rng.random(600) < 0.9, np.nan, 1.0)
    for target in (label, np.sort(label), rng.normal(size=(600, 2)) * 0 + frame[["3", "7"]].to_numpy()):
        slow, fast = (
            {one["column"] for one in find(frame, ["code", "id"], target, ("y", "z")) if one["suspicious"]}
            for find in (find_giveaways, find_giveaways_fast)
        )
        assert slow == fast
    assert fast == {"3", "7"}


@pytest.mark.parametrize(
    "rename",
    [
        {"patient": "patient"}, {"patient": "Subject ID"}, {"patient": "user_id"}, {"patient": "session"},
        {"patient": "farm-key"},
    ],
)  # fmt: skip
def test_a_column_of_patients_is_named_with_the_key_that_keeps_them_together(tmp_path: Path, rename):
    name = rename["patient"]
    found = [
        line
        for line in lines(tmp_path, visits().rename(columns=rename), "data.target=y")
        if "repeats" in line
    ]
    assert len(found) == 1
    assert found[0].startswith(f"warning: column '{name}' repeats 60 values, ")
    assert found[0].endswith(f"as those of a patient do, use data.group={name}.")
    assert not any(
        "repeats" in line for line in lines(tmp_path, visits(), "data.target=y", "data.group=patient")
    )


def test_texts_of_many_values_are_groups_by_their_number_alone(tmp_path: Path):
    frame = visits().rename(columns={"patient": "who"})
    frame["who"] = frame["who"].map(lambda number: f"name {number}")
    assert any("'who' repeats 60 values" in line for line in lines(tmp_path, frame, "data.target=y"))
    frame["who"] = frame["who"].map(lambda text: text[:6])  # ten values: a category
    assert not any("repeats" in line for line in lines(tmp_path, frame, "data.target=y"))


def test_numbers_and_unique_names_are_no_groups(tmp_path: Path):
    frame = visits().rename(columns={"patient": "age"})
    frame["user_id"] = np.random.default_rng(1).permutation(len(frame)) + 1000.0
    assert not any("repeats" in line for line in lines(tmp_path, frame, "data.target=y"))


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("%Y-%m-%d", "If the model is for later rows, use split=chronological data.order_column=when."),
        ("%Y-%m-%d %H:%M:%S", "If the model is for later rows, use split=chronological"),
        ("%d.%m.%Y", "write them as 2024-02-29 (now 01.01.2024), and use split=chronological"),
        ("%m/%d/%y", "write them as 2024-02-29 (now 01/01/24), and use split=chronological"),
        ("%Y/%m/%d %H:%M", "write them as 2024-02-29 (now 2024/01/01 00:00), and use split=chronological"),
    ],
)
def test_dates_that_no_split_uses_are_named(tmp_path: Path, pattern: str, said: str):
    frame = visits().drop(columns="patient")
    frame["when"] = pd.date_range("2024-01-01", periods=len(frame)).strftime(pattern)
    found = [line for line in lines(tmp_path, frame, "data.target=y") if "holds dates" in line]
    assert len(found) == 1
    assert "column 'when' holds dates that the split does not use" in found[0]
    assert said in found[0]
    if pattern.startswith("%Y-"):
        used = lines(tmp_path, frame, "data.target=y", "split=chronological", "data.order_column=when")
        assert not any("holds dates" in line for line in used)
