from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.report.folder import ReportedRun
from groundwork.report.page import data_facts, describe, lead, shown_path


def test_the_lead_names_the_strongest_baseline_by_the_direction_of_the_metric(
    write_regression: Callable[..., Path],
) -> None:
    found = lead(ReportedRun(write_regression(num_val=5)))
    assert (found["metric"], found["baseline"], found["baseline_value"]) == (
        "rmse",
        "gradient boosting",
        "10.00",
    )
    assert found["verdict"].startswith("gradient boosting: not beaten")
    assert found["test"] is None


def test_the_strongest_baseline_has_least_of_a_metric_of_ones_own_that_should_be_low(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    change_json(
        folder / "result.json",
        monitor="far",
        direction="min",
        directions={"far": "min"},
        intervals={"val": {"far": {"value": 0.25, "low": 0.2, "high": 0.3}}},
        baselines={"mean": {"far": 0.9}, "ridge": {"far": 0.4}},
        verdicts={"ridge": {"verdict": "better", "low": -0.2, "high": -0.1, "metric": "far"}},
    )
    found = lead(ReportedRun(folder))
    assert found["baseline"] == "ridge"
    assert found["verdict"].startswith("ridge: beaten by the model")


def test_a_run_without_baselines_has_none_in_its_lead(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    change_json(folder / "result.json", baselines={"mean": {"rmse": float("nan")}}, n=None)
    found = lead(ReportedRun(folder))
    assert found["baseline"] is None
    assert found["n"] is None


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ({"shape": [3, 224, 224]}, "color photographs of 224 × 224 pixels."),
        ({"shape": [1, 300, 200]}, "grey photographs of 300 × 200 pixels."),
        ({"shape": [13, 64, 64]}, "photographs of 64 × 64 pixels."),
        ({}, "photographs."),
    ],
)
def test_one_sentence_says_what_was_predicted_from_what(
    write_classification: Callable[..., Path], change_json: Callable[..., None], image: object, words: str
) -> None:
    folder = write_classification(num_val=5, classes=["no", "yes"])
    change_json(folder / "data.json", image=image)
    assert describe(ReportedRun(folder)) == f"Classification: label (no or yes), from {words}"


def test_many_classes_are_counted_and_tables_are_rows(
    write_classification: Callable[..., Path], write_regression: Callable[..., Path]
) -> None:
    assert "label, one of 14 classes, from" in describe(
        ReportedRun(write_classification(num_classes=14, num_val=5))
    )
    assert describe(ReportedRun(write_regression(num_val=5))) == "Regression: price, from table rows."


def test_facts_of_the_data_hold_sizes_and_hashes(write_regression: Callable[..., Path]) -> None:
    assert data_facts(ReportedRun(write_regression(num_val=5))) == {
        "samples": "1,600 train, 5 val, 5 test",
        "targets": ["price"],
    }


def test_paths_below_the_current_folder_are_shown_without_the_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "runs" / "a") == "runs/a"
    assert shown_path(tmp_path.parent) == tmp_path.parent.resolve().as_posix()


def test_a_module_that_logs_nothing_leads_with_what_that_means(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    change_json(folder / "result.json", task="birds.Net", monitor="auto", val={}, baselines={}, corrected={})
    told = lead(ReportedRun(folder))
    assert told["metric"] is None
    assert "the last weights count" in told["chose"]
    assert describe(ReportedRun(folder)) == "birds.Net, a module of your own."
