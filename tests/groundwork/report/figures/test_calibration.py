from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from groundwork.report.figures.calibration import draw, reliability
from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Classified


def test_bins_by_hand() -> None:
    # 15 bins: 0.52 and 0.53 lie in (7/15, 8/15], 1.0 in the last.
    prob = np.array([[0.48, 0.52], [0.47, 0.53], [0.0, 1.0]])
    found = Classified(
        np.arange(3).astype(object), np.array([1, 0, 1]), prob.argmax(axis=1), prob, ["a", "b"]
    )
    bins = reliability(found)
    assert bins["samples"].tolist() == [0] * 7 + [2] + [0] * 6 + [1]
    assert bins["confidence"][7] == pytest.approx(0.525)
    assert bins["accuracy"][7] == 0.5
    assert np.isnan(bins["accuracy"][0])


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    prob = np.array([[0.4, 0.6], [0.2, 0.8]])  # 9/15 and 12/15
    found = Classified(np.arange(2).astype(object), np.array([1, 1]), prob.argmax(axis=1), prob, ["a", "b"])
    assert np.flatnonzero(reliability(found)["samples"]).tolist() == [8, 11]


def test_the_caption_tells_the_error_of_the_result_file(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=100)
    assert "error 0.041" in draw(ReportedRun(folder))[0].caption
    change_json(folder / "result.json", val={"accuracy": 0.5})
    (drawing,) = draw(ReportedRun(folder))
    filled = drawing.numbers.dropna()
    gaps = np.abs(filled["accuracy"] - filled["confidence"]) * filled["samples"]
    assert f"error {gaps.sum() / 100:.3f}" in drawing.caption


def test_what_a_temperature_changed_is_drawn(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_classification(num_val=100)
    before = len(draw(ReportedRun(folder))[0].figure.axes[0].lines)
    change_json(folder / "result.json", calibration={"temperature": 2.0})
    (drawing,) = draw(ReportedRun(folder))
    lines = {line.get_label(): line for line in drawing.figure.axes[0].lines}
    assert len(lines) == before + 1
    # The temperature made every probability less sure.
    assert max(lines["not calibrated"].get_xdata()) >= max(lines["the model"].get_xdata())
    assert "temperature 2" in drawing.caption
