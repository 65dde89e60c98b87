import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from groundwork.report.figures.advice import draw
from groundwork.report.folder import ReportedRun

ADVICE = {
    "scenario": "large_similar",
    "metric": "accuracy",
    "direction": "max",
    "why": ["training gained 0.02"],
    "not_tried": [],
    "race": [{"name": "transfer=large_similar", "score": 0.91, "share": 1.0, "seconds": 3.0}],
    "evidence": {
        "perfect": 1.0,
        "error_by_stage": [0.3, 0.1, 0.2],
        "stages": [1, 2],
        "curve": [[100, 0.2], [200, 0.1]],
        "samples_per_output": 100.0,
        "similarity": -0.7,
    },
}


def test_the_evidence_is_drawn_where_there_is_an_advice(write_classification: Callable[..., Path]) -> None:
    folder = write_classification(num_val=5)
    assert draw(ReportedRun(folder)) == []
    (folder / "advice.json").write_text(json.dumps(ADVICE), encoding="utf-8")
    (drawing,) = draw(ReportedRun(folder))
    depth, curve, place = drawing.figure.axes
    np.testing.assert_allclose(depth.get_lines()[0].get_ydata(), [0.7, 0.9, 0.8])
    assert [line.get_xdata()[0] for line in depth.get_lines()[1:]] == [
        1,
        2,
    ]  # the stages that are read are ringed
    np.testing.assert_allclose(curve.get_lines()[0].get_ydata(), [0.8, 0.9])
    low, high = place.get_ylim()
    assert low == -high  # similar data lies above the middle, different data below
    assert tuple(place.get_lines()[0].get_xydata()[0]) == (100, -0.7)
    assert "Raced: transfer=large_similar 0.910" in drawing.caption
    assert len(drawing.numbers) == 3 + 2 + 1


def test_a_metric_to_minimize_is_drawn_as_it_is(write_classification: Callable[..., Path]) -> None:
    folder = write_classification(num_val=5)
    inverted = ADVICE | {"metric": "rmse", "direction": "min"}
    (folder / "advice.json").write_text(json.dumps(inverted), encoding="utf-8")
    depth = draw(ReportedRun(folder))[0].figure.axes[0]
    np.testing.assert_allclose(depth.get_lines()[0].get_ydata(), [0.3, 0.1, 0.2])
    assert depth.get_ylabel() == "rmse, val"
