"""What an audit of data finds: counts, columns, duplicates, likeness; numbers against scipy and by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy.stats import ks_2samp

from groundwork.data import Samples, Target
from groundwork.data.audit.columns import describe_columns
from groundwork.data.audit.counts import advise_balance, missing_classes, rules_of_thumb
from groundwork.data.audit.duplicates import best_possible, differ, input_content, repeated
from groundwork.data.audit.examine import examine, examine_pixels
from groundwork.data.audit.findings import findings
from groundwork.data.audit.giveaway import find_giveaways
from groundwork.data.audit.images import read_file_facts, summarize_files
from groundwork.data.audit.likeness import compare_splits, total_variation
from groundwork.data.audit.near import find_near, small_pictures

ROWS = {"train": np.arange(0, 140), "val": np.arange(140, 170), "test": np.arange(170, 200)}
SPLIT = np.repeat(["train", "val", "test"], [140, 30, 30])


def make_table(**columns: object) -> Samples:
    rng = np.random.default_rng(0)
    inputs = pd.DataFrame({"size": rng.normal(0, 1, 200), **columns})
    target = pd.DataFrame({"label": np.where(rng.random(200) < 0.5, "a", "b")})
    ids = pd.Series([f"row{number}" for number in range(200)], dtype="str")
    categorical = tuple(name for name in inputs if inputs[name].dtype.kind not in "biuf")
    return Samples("table", ids, target, inputs, categorical, Path("table.csv").absolute())


def audit_of(samples: Samples, task: str = "classification") -> dict:
    target = Target.fit(samples.target, task, None, None, None)
    encoded = target.encode(samples.target)
    found = examine(samples, target, encoded, SPLIT, ROWS, None, 50)
    return {"kind": "table", **json.loads(json.dumps(found))}


def texts(audit: dict) -> str:
    return " | ".join(f"{one['level']}: {one['text']}" for one in findings(audit))


class Pictures:
    def __init__(self, images: np.ndarray):
        self.images = images

    def batch(self, rows: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.images[rows]).permute(0, 3, 1, 2)


def draw_scene(seed: int, side: int = 64) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    return coarse.resize((side, side), Image.Resampling.BICUBIC)


def test_the_three_rules_of_thumb_carry_their_numbers():
    rules = rules_of_thumb(600, {"a": 590, "b": 10}, 20, 300)
    assert [one["have"] for one in rules] == [10, 30.0, 2.0]
    assert [one["met"] for one in rules] == [False, True, False]
    assert "'b'" in rules[0]["facts"]
    assert [one["met"] for one in rules_of_thumb(600, None, 0, None)] == [None, None, None]


def test_classes_missing_from_a_split_are_named():
    counts = {"train": {"a": 3, "b": 1}, "val": {"a": 1, "b": 0}, "test": {"a": 0, "b": 0}}
    assert missing_classes(counts) == {"val": ["b"]}  # an empty split misses no class in particular


@pytest.mark.parametrize(
    ("counts", "balance", "monitor"),
    [
        ({"a": 50, "b": 48}, "none", "accuracy"),
        ({"a": 95, "b": 5}, "loss_weights balance.kind=inverse", "balanced_accuracy"),
        ({"a": 990, "b": 10, "c": 0}, "loss_weights balance.kind=sqrt", "balanced_accuracy"),
    ],
)
def test_balance_and_metric_follow_from_the_training_counts(counts: dict, balance: str, monitor: str):
    advice = advise_balance("classification", counts)
    assert (advice["balance"], advice["monitor"]) == (balance, monitor)


def test_always_guessing_the_largest_class_is_put_into_numbers():
    assert "accuracy 0.95" in advise_balance("classification", {"a": 95, "b": 5})["why"]


def test_columns_are_described_on_training_rows_and_gaps_counted_in_each_split():
    steady = np.where(np.arange(200) < 140, 7.0, np.arange(200))
    holes = np.where(np.arange(200) % 10 == 0, np.nan, np.arange(200.0))
    names = pd.Series([f"name {number}" for number in range(200)], dtype="str")
    gone = np.full(200, np.nan)
    endless = np.where(np.arange(200) == 3, np.inf, 1.0 * np.arange(200))
    inputs = pd.DataFrame(
        {"steady": steady, "holes": holes, "names": names, "gone": gone, "endless": endless}
    )
    found = {one["name"]: one for one in describe_columns(inputs, ("names",), ROWS)}
    assert found["steady"]["constant"]  # what val and test hold does not matter
    assert found["holes"]["missing"] == {"train": 14, "val": 3, "test": 3}
    assert found["holes"]["median"] == np.nanmedian(holes[:140])
    assert found["names"]["names_rows"]
    assert not found["holes"]["names_rows"]
    assert found["gone"]["empty"]
    assert found["gone"]["missing"]["test"] == 30
    assert found["endless"]["infinite"] == 1
    assert np.isfinite(found["endless"]["high"])


def test_a_flag_of_one_value_and_gaps_is_no_constant():
    inputs = pd.DataFrame({"flag": pd.Series([None, "yes"] * 100, dtype="str")})
    assert not describe_columns(inputs, ("flag",), ROWS)[0]["constant"]


def test_columns_that_give_the_target_away_are_found_and_honest_ones_are_not():
    rng = np.random.default_rng(1)
    label = rng.integers(0, 3, 300)
    inputs = pd.DataFrame({
        "code": label * 10.0,
        "word": pd.Series(np.array(["x", "y", "z"])[label], dtype="str"),
        "gap": np.where(label == 0, np.nan, rng.normal(0, 1, 300)),
        "noise": rng.normal(0, 1, 300),
        "id": pd.Series([f"{number}" for number in range(300)], dtype="str"),
    })  # fmt: skip
    found = {one["column"]: one for one in find_giveaways(inputs, ("word", "id"), label, ["label"])}
    assert found["code"]["skill"] == found["word"]["skill"] == 1.0
    assert {name for name, one in found.items() if one["suspicious"]} == {"code", "word"}
    assert 0.1 < found["gap"]["skill"] < 0.9  # tells one class of three
    assert found["noise"]["skill"] < 0.15
    assert found["id"]["skill"] == 0.0  # names its row, so tells nothing of others


def test_a_monotone_copy_of_a_continuous_target_gives_it_away():
    rng = np.random.default_rng(2)
    value = rng.gamma(2, 30, 500)
    inputs = pd.DataFrame({"log": np.log(value), "half": value + rng.normal(0, value.std(), 500)})
    found = find_giveaways(inputs, (), value[:, None].astype(np.float32), ["price"])
    assert [(one["column"], one["suspicious"]) for one in found] == [("log", True), ("half", False)]


def test_garbage_in_val_and_test_changes_nothing_that_is_fitted():
    plain = make_table(other=np.arange(200.0))
    garbled = plain.inputs.copy()
    garbled.loc[140:, :] = 1e9
    other = Samples("table", plain.sample_id, plain.target, garbled, (), plain.root)
    before, after = audit_of(plain), audit_of(other)
    assert before["giveaways"] == after["giveaways"]
    assert before["advice"] == after["advice"]
    for one, two in zip(before["columns"], after["columns"], strict=True):
        assert {**one, "missing": 0} == {**two, "missing": 0}


def test_equal_inputs_are_duplicates_and_unlike_targets_bound_what_can_be_reached():
    samples = make_table()
    inputs = samples.inputs.copy()
    inputs.iloc[[5, 150, 180]] = inputs.iloc[0].to_numpy()
    target = samples.target.copy()
    target.iloc[[0, 5, 150], 0], target.iloc[180, 0] = "a", "b"
    samples = Samples("table", samples.sample_id, target, inputs, (), samples.root)
    audit = audit_of(samples)
    found = audit["duplicates"]
    assert (found["groups"], found["samples"], found["extra"]) == (1, 4, 3)
    assert (found["across"], found["conflicts"]) == (1, 1)
    assert [one["sample_id"] for one in found["listed"][0]["members"]] == ["row0", "row5", "row150", "row180"]
    assert found["best_possible"] == 199 / 200
    assert "no model can exceed accuracy 0.995" in texts(audit)


def test_a_missing_target_contradicts_none():
    one, other = np.array([[1.0, np.nan], [1, 2], [1, 2]]), np.array([[1.0, 5], [1, 3], [1, 2]])
    assert differ(one, other).tolist() == [False, True, False]
    assert differ(np.array([0, 1]), np.array([0, 2])).tolist() == [False, True]


def test_rows_without_a_repeat_are_no_duplicates():
    content = input_content(make_table(), None)
    assert repeated(content) == []
    assert best_possible(content, np.zeros(200, dtype=np.int64)) == 1.0
    assert [group.tolist() for group in repeated(np.array([3, 1, 3, 2, 1]))] == [[0, 2], [1, 4]]


def test_distances_of_splits_agree_with_scipy_and_with_a_count_by_hand():
    samples = make_table(shifted=np.arange(200.0), color=pd.Series(["r", "g"] * 100, dtype="str"))
    target = Target.fit(samples.target, "classification", None, None, None)
    encoded = target.encode(samples.target)
    found = {
        (one["of"], one["split"]): one
        for one in compare_splits(target, encoded, samples.inputs, ("color",), ROWS)
    }
    size = samples.inputs["size"].to_numpy()
    expected = ks_2samp(size[:140], size[140:170], method="asymp")
    assert found["size", "val"]["distance"] == pytest.approx(expected.statistic)
    assert found["size", "val"]["p"] == pytest.approx(expected.pvalue)
    assert found["shifted", "test"]["distance"] == 1.0
    assert found["shifted", "test"]["differs"]
    assert found["color", "val"]["distance"] == 0.0
    assert not found["color", "val"]["differs"]
    shares = [np.bincount(encoded[rows], minlength=2) / len(rows) for rows in (ROWS["train"], ROWS["val"])]
    assert found["classes", "val"]["distance"] == pytest.approx(abs(shares[0][0] - shares[1][0]))


def test_total_variation_of_counts():
    assert total_variation(np.array([1, 1, 0]), np.array([0, 5, 5])) == pytest.approx(0.5)


def test_regression_has_histograms_of_train_and_val_alone():
    samples = make_table()
    value = pd.DataFrame({"price": np.arange(200.0)})
    audit = audit_of(
        Samples("table", samples.sample_id, value, samples.inputs, (), samples.root), "regression"
    )
    found = audit["histograms"]["price"]
    assert (sum(found["train"]), sum(found["val"])) == (140, 30)
    assert set(found) == {"edges", "train", "val"}
    assert max(found["edges"]) == 169
    assert audit["counts"] == {"train": 140, "val": 30, "test": 30}


def test_near_duplicates_survive_recoding_and_light_and_strangers_do_not_pair(tmp_path: Path):
    scenes = [draw_scene(seed) for seed in range(60)]
    scenes[7].save(tmp_path / "again.jpg", quality=30)
    scenes.append(Image.open(tmp_path / "again.jpg").convert("RGB"))
    scenes.append(ImageEnhance.Brightness(scenes[11]).enhance(0.7))
    scenes.append(scenes[20].crop((1, 1, 63, 63)).resize((64, 64)))
    scenes.append(scenes[3].copy())
    images = np.stack([np.asarray(scene) for scene in scenes])
    content = np.arange(64)
    content[63] = 3  # an exact duplicate is no near one
    found = find_near(small_pictures(Pictures(images), 64, None), content)
    assert sorted(map(tuple, found.pairs.tolist())) == [(7, 60), (11, 61), (20, 62)]
    assert found.is_complete
    assert (found.correlation > 0.75).all()


def test_empty_pictures_are_not_near_each_other():
    images = np.stack([np.full((40, 40, 1), level, dtype=np.uint8) for level in range(0, 250, 10)])
    assert len(find_near(small_pictures(Pictures(images), 25, None), np.arange(25)).pairs) == 0


def test_no_pair_at_all_is_a_finding_too():
    samples = make_table()
    digest = np.array([f"{number}" for number in range(200)])
    noise = np.random.default_rng(0).integers(0, 256, (200, 32, 32, 1), dtype=np.uint8)
    for encoded in (np.zeros(200, dtype=np.int64), np.zeros((200, 2), dtype=np.float32)):
        found = examine_pixels(Pictures(noise), samples, SPLIT, encoded, digest, None)
        assert (found["pairs"], found["by_splits"], found["listed"]) == (0, {}, [])


def test_pairs_in_two_splits_with_unlike_targets_are_listed_first():
    scenes = [np.asarray(draw_scene(seed, 40)) for seed in range(50)]
    for copied in (1, 2):
        scenes.append(np.clip(scenes[copied].astype(int) + 9, 0, 255).astype(np.uint8))
    ids = pd.Series([f"{number}.png" for number in range(52)], dtype="str")
    target = pd.DataFrame({"label": ["a"] * 51 + ["b"]})
    samples = Samples("image", ids, target, pd.DataFrame(index=range(52)), (), Path("x").absolute(), path=ids)
    split = np.array(["train"] * 51 + ["test"])
    encoded = np.array([0] * 51 + [1])
    digest = np.array([f"{number}" for number in range(52)])
    found = examine_pixels(Pictures(np.stack(scenes)), samples, split, encoded, digest, None)
    assert (found["pairs"], found["across"], found["conflicts"]) == (2, 1, 1)
    assert found["by_splits"] == {"within train": 1, "train and test": 1}
    assert [one["sample_id"] for one in found["listed"][0]["members"]] == ["2.png", "51.png"]


def test_sizes_modes_and_formats_come_from_headers(tmp_path: Path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg")
    Image.new("L", (10, 20)).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"no image")
    paths = pd.Series([str(tmp_path / name) for name in ("a.jpg", "b.png", "c.png")], dtype="str")
    ids = pd.Series(["a", "b", "c"], dtype="str")
    target = pd.DataFrame({"label": ["a", "b", "a"]})
    samples = Samples("image", ids, target, pd.DataFrame(index=range(3)), (), tmp_path, path=paths)
    found = summarize_files(read_file_facts(samples))
    assert found["modes"] == {"RGB": 1, "L": 1}
    assert found["formats"] == {"JPEG": 1, "PNG": 1}
    assert found["width"] == {"low": 10, "median": 20, "high": 30}
    assert found["num_sizes"] == 2


def test_problems_come_before_warnings_and_notes():
    audit = {
        "kind": "image",
        "bad": [{"sample_id": "x.jpg", "reason": "truncated"}],
        "advice": advise_balance("classification", {"a": 95, "b": 5}),
        "rules": rules_of_thumb(100, {"a": 95, "b": 5}, 0, None),
    }
    found = findings(audit)
    assert [one["level"] for one in found] == ["problem", "warning", "note"]
    assert "x.jpg (truncated)" in found[0]["text"]
    assert "balance=loss_weights" in found[1]["remedy"]
