from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from groundwork.report.figures.confusion import confusions, draw
from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import Classified, classified


def test_the_saved_matrix_equals_scikit_learn(write_classification: Callable[..., Path]) -> None:
    run = ReportedRun(write_classification(num_classes=5, num_val=80))
    found = classified(run, "val")
    assert found is not None
    numbers = draw(run)[0].numbers
    assert (numbers.iloc[:, 1:].to_numpy() == confusion_matrix(found.target, found.prediction)).all()
    assert list(numbers.columns[1:]) == list(numbers.iloc[:, 0]) == run.classes


@pytest.mark.parametrize(
    ("num_classes", "has_names", "has_counts", "names"),
    [
        (2, True, True, ["confusion_val"]),
        (14, True, True, ["confusion_val"]),
        (25, True, False, ["confusion_val", "largest_confusions_val"]),
        (81, False, False, ["confusion_val", "largest_confusions_val"]),
    ],
)
def test_names_and_counts_are_written_where_they_fit(
    write_classification: Callable[..., Path],
    num_classes: int,
    has_names: bool,
    has_counts: bool,
    names: list[str],
) -> None:
    drawings = draw(ReportedRun(write_classification(num_classes=num_classes)))
    axes = drawings[0].figure.axes[0]
    assert [drawing.name for drawing in drawings] == names
    assert ("class 000" in [label.get_text() for label in axes.get_yticklabels()]) == has_names
    assert bool(axes.texts) == has_counts


def test_confusions_are_sorted_with_their_share_of_the_true_class() -> None:
    target = np.array([0, 0, 0, 0, 1, 1, 2])
    prediction = np.array([0, 1, 1, 2, 1, 0, 2])
    table = confusions(Classified(np.arange(7).astype(object), target, prediction, None, list("abc")))
    assert table.to_dict("list") == {
        "truth": ["a", "a", "b"],
        "prediction": ["b", "c", "a"],
        "count": [2, 1, 1],
        "share": [0.5, 0.25, 0.5],
    }


def test_a_faultless_model_has_no_list_of_confusions(
    write_classification: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Classified(
        np.arange(40).astype(object), np.arange(40), np.arange(40), None, list(map(str, range(40)))
    )
    monkeypatch.setattr("groundwork.report.figures.confusion.classified", lambda *_: right)
    assert [drawing.name for drawing in draw(ReportedRun(Path()))] == ["confusion_val"]
