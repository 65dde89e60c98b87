from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from yaml import safe_dump, safe_load

from groundwork.report import wanted_photos, write_report

Photos = dict[str, NDArray[np.uint8]]


def text_of(folder: Path, **keys: object) -> str:
    return write_report(folder, formats=(), **keys).read_text(encoding="utf-8")  # type: ignore[arg-type]


def test_a_run_gets_one_page_and_every_figure_in_three_formats(
    write_classification: Callable[..., Path], draw_photographs: Callable[..., Photos]
) -> None:
    folder = write_classification(num_val=40, sealed=True)
    page = write_report(folder, draw_photographs(wanted_photos(folder)))
    assert page == folder / "report.html"
    figures = folder / "figures"
    stems = {path.stem for path in figures.glob("*.csv")}
    assert stems == {
        "baselines", "learning_curves", "confusion_val", "confusion_test", "reliability_val", "ranking_val",
        "class_balance", "transfer_plan", "mistakes", "doubts",
    }  # fmt: skip
    assert {path.stem for path in figures.glob("*.png")} == stems
    assert {path.stem for path in figures.glob("*.pdf")} == stems - {"mistakes", "doubts"}


def test_the_page_needs_no_network_and_holds_everything_itself(write_regression: Callable[..., Path]) -> None:
    folder = write_regression(num_val=20)
    text = text_of(folder)
    assert "http" not in text
    assert "src=" in text
    assert text.count('src="data:image/') == text.count("src=")
    assert not [*(folder / "figures").iterdir()]


def test_what_the_user_named_is_never_markup(
    write_classification: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    evil = "<script>alert(1)</script>"
    folder = write_classification(num_val=40, classes=[evil, '"><img src=x>', "&amp;"])
    change_json(folder / "result.json", notes=[evil], choices=[evil], changes={evil: [evil, evil]})
    change_json(folder / "environment.json", command=evil)
    text = text_of(folder)
    assert evil not in text
    assert "<img src=x>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&amp;amp;" in text


def test_an_unsealed_run_names_the_command_and_a_sealed_one_the_count(
    write_regression: Callable[..., Path], write_classification: Callable[..., Path]
) -> None:
    text = text_of(write_regression(num_val=5))
    assert "not sealed yet" in text
    assert "scripts/evaluate.py run=" in text
    text = text_of(write_classification(num_val=5, sealed=True))
    assert "not sealed yet" not in text
    assert "3 distinct configurations have been tested on these test rows" in text


def test_photographs_stay_out_where_the_configuration_says_so(
    write_classification: Callable[..., Path], draw_photographs: Callable[..., Photos]
) -> None:
    folder = write_classification(num_val=40)
    photos = draw_photographs(wanted_photos(folder))
    Image.new("RGB", (9, 9)).save(folder / "figures" / "augmentation.png")
    assert "data:image/jpeg" in text_of(folder, photos=photos)
    text = text_of(folder)
    assert "data:image/jpeg" in text  # kept as thumbnails by the first
    assert "What the augmentation does" in text
    config = safe_load((folder / "config.yaml").read_text()) | {"report": {"photos": False}}
    (folder / "config.yaml").write_text(safe_dump(config))
    text = text_of(folder, photos=photos)
    assert "data:image/jpeg" not in text
    assert "What the augmentation does" not in text


@pytest.mark.parametrize("num_val", [1, 2])
def test_a_split_of_hardly_any_sample_still_has_a_page(
    write_classification: Callable[..., Path], num_val: int
) -> None:
    assert "undefined" in text_of(write_classification(num_val=num_val))


def test_a_run_that_stopped_early_still_has_a_page(
    write_regression: Callable[..., Path], change_json: Callable[..., None]
) -> None:
    folder = write_regression(num_val=5)
    for name in ("data.json", "history.csv", "environment.json", "predictions/val.parquet"):
        (folder / name).unlink()
    change_json(
        folder / "result.json", val=None, train=None, intervals=None, baselines=None, seconds=None, n=None
    )
    assert "undefined" in text_of(folder)
