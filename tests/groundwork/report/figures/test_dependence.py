from collections.abc import Callable
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from pandas import DataFrame

from groundwork.report.figures.dependence import draw
from groundwork.report.folder import ReportedRun


def test_the_inputs_that_move_the_prediction_most_come_first(write_regression: Callable[..., Path]) -> None:
    folder = write_regression(num_val=5)
    rows = [
        {"input": name, "value": value, "output": "price", "prediction": strength * i}
        for name, strength, values in (
            ("age", 1, range(5)),
            ("area", 9, range(5)),
            ("color", 3, ["red", "blue"]),
        )
        for i, value in enumerate(values)
    ]
    DataFrame(rows).to_csv(folder / "partial_dependence.csv", index=False)
    (drawing,) = draw(ReportedRun(folder))
    titles = [axes.get_title() for axes in drawing.figure.axes if axes.axison]
    assert titles == ["area", "age", "color"]
    assert [label.get_rotation() for label in drawing.figure.axes[2].get_xticklabels()] == [0, 0]


def test_images_have_no_partial_dependence(write_classification: Callable[..., Path]) -> None:
    assert draw(ReportedRun(write_classification(num_val=5))) == []


def test_targets_get_a_figure_each_with_the_inputs_that_move_them(
    write_regression: Callable[..., Path],
) -> None:
    folder = write_regression(num_val=5)
    moves = {("price", "area"): 9e6, ("price", "age"): 1e5, ("rooms", "area"): 0.1, ("rooms", "age"): 2.0}
    moves |= {(f"more {n}", "area"): 1.0 for n in range(3)}
    rows = [
        {"input": name, "value": i, "output": target, "prediction": strength * i}
        for (target, name), strength in moves.items()
        for i in range(3)
    ]
    DataFrame(rows).to_csv(folder / "partial_dependence.csv", index=False)
    drawings = draw(ReportedRun(folder))
    assert [drawing.name for drawing in drawings] == [f"partial_dependence_{n}" for n in (1, 2, 3, 4)]
    assert [drawing.title for drawing in drawings][:2] == [
        "Partial dependence of price",
        "Partial dependence of rooms",
    ]
    first = [[axes.get_title() for axes in drawing.figure.axes if axes.axison] for drawing in drawings[:2]]
    assert first == [["area", "age"], ["age", "area"]]
    assert set(drawings[1].numbers.output) == {"rooms"}
    assert drawings[0].caption.endswith("holds the other 1.")


def test_the_names_of_outputs_cover_no_name_of_an_input(write_classification: Callable[..., Path]) -> None:
    folder = write_classification(num_val=5)
    rows = [
        {"input": f"remark {n}", "value": i, "output": output, "prediction": i * n}
        for n in range(5)
        for output in ("price", "size")
        for i in range(4)
    ]
    DataFrame(rows).to_csv(folder / "partial_dependence.csv", index=False)
    (drawing,) = draw(ReportedRun(folder))
    figure = drawing.figure
    FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    titles = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 5
    assert not any(legend.get_window_extent().overlaps(title) for title in titles)
