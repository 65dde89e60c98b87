"""The map in a report: groups, parts, dots and photographs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundwork.report import wanted_photos, write_report
from groundwork.report.folder import ReportedRun
from groundwork.report.map import GAP, MOST_PHOTOS, read_map
from groundwork.report.predictions import classified, regressed


@pytest.mark.parametrize("number", [2, 10, 81])
def test_every_sample_is_one_dot_of_its_class_and_part(
    write_classification: Callable[..., Path], write_map: Callable[[Path], None], number: int
):
    folder = write_classification(num_classes=number)
    assert read_map(ReportedRun(folder)) is None
    write_map(folder)
    run = ReportedRun(folder)
    found = read_map(run)
    assert found is not None
    assert len(found.groups) == len(set(found.colors)) == number
    judged = classified(run, "val")
    assert judged is not None
    wrong = set(judged.sample_id[judged.target != judged.prediction])
    assert set(found.table["sample_id"][found.part == "wrong"]) == wrong
    assert (found.part == "train").sum() == (found.table["split"] == "train").sum() > 0
    for projection in ("tsne", "pca"):
        paths = found.paths(projection)
        assert sum(path["dots"].count("M") for path in paths) == len(found.table)
        placed = found.places(projection)
        assert (placed >= 0).all()
        assert (placed <= [found.width, found.height]).all()
    assert sum(one["count"] for one in found.legend) == len(found.table)


def test_photographs_lie_apart_and_know_what_they_were_taken_for(
    write_classification: Callable[..., Path],
    write_map: Callable[[Path], None],
    draw_photographs: Callable[[list[str]], dict[str, Any]],
):
    folder = write_classification(num_classes=3)
    write_map(folder)
    found = read_map(ReportedRun(folder))
    assert found is not None
    names = wanted_photos(folder)
    photos = found.photos(dict.fromkeys(names, "data:,"))
    at = np.array([one["tsne"] for one in photos], float)
    apart = np.linalg.norm(at[:, None] - at[None], axis=2) + np.diag(np.full(len(at), np.inf))
    assert 10 < len(photos) <= MOST_PHOTOS
    assert apart.min() >= GAP
    wrong = [one for one in photos if one["part"] == "wrong"]
    assert wrong
    assert all(", taken for class" in one["text"] for one in wrong)
    page = write_report(folder, draw_photographs(names), formats=()).read_text(encoding="utf-8")
    assert page.count("<image href=") == len(photos)
    assert len(page) < 3e6


def test_values_are_shown_in_ranges_and_the_largest_errors_as_wrong(
    write_regression: Callable[..., Path], write_map: Callable[[Path], None]
):
    folder = write_regression()
    write_map(folder)
    run = ReportedRun(folder)
    found = read_map(run)
    assert found is not None
    assert len(found.groups) == 7
    (one,) = regressed(run, "val")
    error = np.abs(one.prediction - one.target)
    assert set(found.table["sample_id"][found.part == "wrong"]) == set(one.sample_id[np.argsort(-error)[:40]])
    assert "<h2>Map</h2>" in write_report(folder, formats=()).read_text(encoding="utf-8")
