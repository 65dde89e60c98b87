from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.core.errors import UserError
from groundwork.report.folder import ReportedRun


def test_a_folder_that_is_no_run_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run must be a run folder with result\.json") as error:
        _ = ReportedRun(tmp_path).result
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_test_predictions_stay_closed_until_the_test_is_sealed(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(sealed=True, num_val=20)
    found = ReportedRun(folder).predictions("test")
    assert found is not None
    assert len(found.sample_id) == 300
    change_json(folder / "result.json", test=None)
    assert ReportedRun(folder).predictions("test") is None


def test_absent_optional_files_are_empty(write_regression: Callable[..., Path]) -> None:
    folder = write_regression(num_val=5)
    for name in ("environment.json", "history.csv", "predictions/val.parquet"):
        (folder / name).unlink()
    run = ReportedRun(folder)
    assert run.environment == {}
    assert run.audit == {}
    assert run.history.empty
    assert run.predictions("val") is None


def test_the_direction_of_a_metric_of_ones_own_is_the_run_s(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    change_json(folder / "result.json", monitor="regret", direction="min")
    run = ReportedRun(folder)
    assert not run.more_is_better("regret")
    assert run.more_is_better("r2")


def test_the_monitor_loses_the_name_of_its_split(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    change_json(folder / "result.json", monitor="val/rmse")
    assert ReportedRun(folder).monitor == "rmse"
