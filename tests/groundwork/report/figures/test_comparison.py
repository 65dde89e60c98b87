from pandas import DataFrame

from groundwork.report.figures.comparison import draw


def rows(**columns: object) -> DataFrame:
    table = DataFrame({"group": ["a", "b", "c"], "runs": 3, "metric": "accuracy", "mean": [0.8, 0.9, 0.7]})
    return table.assign(sd=0.01, low=table["mean"] - 0.02, high=table["mean"] + 0.02, **columns)


def test_groups_stand_in_their_order_from_the_top() -> None:
    (drawing,) = draw(rows())
    (axes,) = drawing.figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert axes.get_lines()[0].get_xdata().tolist() == [0.8, 0.9, 0.7]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_the_axis_says_which_way_is_better_as_the_rows_do() -> None:
    def label(table: DataFrame) -> str:
        return draw(table)[0].figure.axes[0].get_xlabel()

    assert label(rows()) == "accuracy\n(more is better)"
    assert label(rows(direction="min")) == "accuracy\n(less is better)"


def test_a_learning_curve_is_drawn_where_the_training_size_differs() -> None:
    assert len(draw(rows(train_size=100))) == 1
    curve = draw(rows(train_size=[400, 100, 200]))[1].figure.axes[0].get_lines()[0]
    assert curve.get_xdata().tolist() == [100, 200, 400]
    assert curve.get_ydata().tolist() == [0.9, 0.7, 0.8]


def test_each_series_has_its_own_learning_curve() -> None:
    table = rows(train_size=[100, 200, 100], series=["mlp", "mlp", "linear"])
    assert len(draw(table)[1].figure.axes[0].get_lines()) == 2
