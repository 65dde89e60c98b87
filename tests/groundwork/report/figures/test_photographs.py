from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from groundwork.report.figures.photographs import draw
from groundwork.report.photos import Shown


def test_a_sheet_shows_the_photographs_that_were_found(
    draw_photographs: Callable[[list[str]], dict[str, NDArray[np.uint8]]],
) -> None:
    shown = [Shown(f"{i}.png", "cat", "dog", 0.9 if i else float("nan")) for i in range(8)]
    photos = draw_photographs([entry.sample_id for entry in shown[:7]])
    (drawing,) = draw("mistakes", "Mistakes", "", shown, photos)
    assert len(drawing.figure.axes[0].images) == 7
    assert drawing.numbers["sample_id"].tolist() == [f"{i}.png" for i in range(7)]
    assert draw("mistakes", "Mistakes", "", shown[7:], photos) == []
