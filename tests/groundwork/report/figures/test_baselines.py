import json
from collections.abc import Callable
from pathlib import Path

from groundwork.report.figures.baselines import draw, monitored
from groundwork.report.folder import ReportedRun


def test_the_model_comes_first_with_its_interval(write_regression: Callable[..., Path]) -> None:
    table = monitored(ReportedRun(write_regression(num_val=5, sealed=True)))
    assert table["name"].tolist() == ["model, val", "model, test", "mean", "ridge", "gradient boosting"]
    assert table.loc[0, ["value", "low", "high"]].tolist() == [10.2, 10.2 - 0.9, 10.2 + 0.9]
    assert table["low"][2:].isna().all()


def test_an_endless_interval_does_not_hide_how_far_the_values_lie_apart(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    (usual,) = draw(ReportedRun(folder))
    assert "beyond" not in usual.caption
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    metric = result["monitor"]
    result["intervals"]["val"][metric]["high"] = 27_637.0
    change_json(folder / "result.json", intervals=result["intervals"])
    (drawing,) = draw(ReportedRun(folder))
    values = drawing.numbers["value"]
    low, high = drawing.figure.axes[0].get_xlim()
    assert low < values.min() < values.max() < high < low + 10 * (values.max() - values.min())
    assert "A band that ends at the edge goes on beyond it." in drawing.caption


def test_an_undefined_metric_has_no_point(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=5)
    change_json(folder / "result.json", monitor="auroc")
    assert draw(ReportedRun(folder)) == []
