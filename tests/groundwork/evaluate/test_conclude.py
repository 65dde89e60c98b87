"""What a finished run says of its metrics, and what the report makes of it."""

from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import groundwork
from groundwork.core.directions import bare_name
from groundwork.report import summary
from groundwork.report.folder import ReportedRun
from groundwork.report.page import lead
from groundwork.report.table import metric_table

FAR = "+metrics.extra.far={_target_: torchmetrics.MeanAbsolutePercentageError}"


@pytest.mark.parametrize("monitor", ["rmse", "far"])
def test_a_metric_of_ones_own_that_should_be_low_is_judged_the_right_way_around(
    tmp_path: Path, table: Path, monitor: str
):
    run = groundwork.fit(
        ["data=table", f"data.table={table}", "data.target=price", "data.drop=[dear]", "task=regression",
         "trainer=cpu", "trainer.max_epochs=12", "optim.lr=0.03", "metrics.resamples=20", FAR, f"monitor={monitor}",
         "report.map=true", f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}"],
        quiet=True,
    )  # fmt: skip
    result = run.result
    drawn, split = pd.read_csv(run.path / "figures" / "map.csv"), run.splits
    learned = split[split["split"] != "test"]
    assert set(zip(drawn["sample_id"], drawn["split"], strict=True)) == set(
        zip(learned["sample_id"], learned["split"], strict=True)
    )
    assert set(result["directions"]) == {bare_name(metric) for metric in result["val"]}
    assert [result["directions"][metric] for metric in ("far", "rmse", "r2")] == ["min", "min", "max"]

    # The mean of train is further off than the network, by the very numbers: both metrics should be low.
    corrected, baselines, told = result["corrected"], result["baselines"], result["verdicts"]["mean"]
    assert corrected["far"]["high"] < baselines["mean"]["far"]
    assert corrected["far"]["method"].startswith("bootstrap bias correction over ")
    assert (told["verdict"], told["metric"]) == ("better", monitor)
    assert told["high"] < 0
    reported = ReportedRun(run.path)
    cells = metric_table(reported)
    (row,) = (row for row in cells.rows if row[0].text == monitor)
    assert row[cells.head.index("mean, val")].remark == "beaten"
    assert row[cells.head.index("val")].remark == ""
    assert row[cells.head.index("corrected")].remark != ""
    best = min(baselines, key=lambda name: baselines[name][monitor])
    assert lead(reported)["baseline"] == best != "mean"
    console = Console(width=200, color_system=None)
    with console.capture() as shown:
        console.print(summary(run.path))
    assert f"mean: beaten by the model ({monitor}, paired difference" in shown.get()
