from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pandas import read_parquet

from groundwork.report import keep_attention, wanted_attention
from groundwork.report.figures.attention import draw, lit, smoothed
from groundwork.report.folder import ReportedRun

MAP = np.array([[0.0, 1.0], [0.0, 0.0]], np.float32)


def test_mistakes_and_hits_are_drawn_beside_their_maps(
    write_classification: Callable[..., Path], draw_photographs: Callable[..., Any]
) -> None:
    folder = write_classification(num_classes=3)
    wanted = wanted_attention(folder)
    keep_attention(folder, draw_photographs(wanted), dict.fromkeys(wanted, MAP), "Grad-CAM")
    (drawing,) = draw(ReportedRun(folder))
    right = drawing.numbers["target"] == drawing.numbers["prediction"]
    assert right.tolist() == [False] * 3 + [True] * 3
    assert len(drawing.figure.axes[0].images) == 12
    assert "Grad-CAM" in drawing.caption


def test_a_regression_shows_its_largest_and_smallest_errors(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression()
    change_json(folder / "data.json", kind="image")
    table = read_parquet(folder / "predictions" / "val.parquet")
    error = (table["prediction"] - table["target"]).abs()
    ranked = table["sample_id"][error.sort_values(ascending=False).index].tolist()
    assert wanted_attention(folder) == [*ranked[:3], *ranked[: -3 - 1 : -1]]


def test_pixels_go_dark_where_nothing_speaks_for_the_prediction() -> None:
    photo = np.full((40, 60, 3), 200, np.uint8)
    seen = lit(photo, smoothed(MAP, photo))
    assert (seen[0, -1] == 200).all()
    assert (seen[-1, 0] == 40).all()
    assert lit(photo[:, :, 0], smoothed(MAP, photo)).shape == (40, 60)


def test_nothing_is_drawn_where_pictures_stay_out_or_no_map_was_written(
    write_classification: Callable[..., Path],
) -> None:
    assert draw(ReportedRun(write_classification())) == []
