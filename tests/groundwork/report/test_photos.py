from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from yaml import safe_dump, safe_load

from groundwork.report.folder import ReportedRun
from groundwork.report.photos import doubts, find_photos, keep_photos, mistakes, thumbnail, wanted_photos
from groundwork.report.predictions import Classified


@pytest.fixture
def found() -> Classified:
    prob = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.55, 0.45], [0.05, 0.95]])
    target = np.array([1, 1, 0, 0, 0])
    return Classified(np.array(list("abcde"), dtype=object), target, prob.argmax(axis=1), prob, ["no", "yes"])


def test_mistakes_start_with_the_surest(found: Classified) -> None:
    assert [(s.sample_id, s.confidence) for s in mistakes(found)] == [("e", 0.95), ("a", 0.9), ("c", 0.8)]
    assert (mistakes(found)[0].target, mistakes(found)[0].prediction) == ("no", "yes")


def test_hits_start_with_the_least_sure(found: Classified) -> None:
    assert [shown.sample_id for shown in doubts(found)] == ["d", "b"]


def test_no_photograph_is_wanted_where_photos_are_off_or_inputs_are_no_images(
    write_classification: Callable[..., Path], write_regression: Callable[..., Path]
) -> None:
    folder = write_classification(num_val=50)
    assert len(wanted_photos(folder)) > 12
    config = safe_load((folder / "config.yaml").read_text()) | {"report": {"photos": False}}
    (folder / "config.yaml").write_text(safe_dump(config))
    assert wanted_photos(folder) == []
    assert wanted_photos(write_regression(num_val=50)) == []


def test_kept_photographs_are_found_again(
    write_classification: Callable[..., Path], draw_photographs: Callable[..., dict[str, NDArray[np.uint8]]]
) -> None:
    run = ReportedRun(write_classification(num_val=10))
    photos = draw_photographs(["a/1.jpg", "b/é.jpg"])
    keep_photos(run, photos)
    again = find_photos(run, ["b/é.jpg"])
    assert list(again) == ["b/é.jpg"]
    assert again["b/é.jpg"].shape == (96, 128, 3)


def test_photographs_are_read_where_the_data_lies(
    write_classification: Callable[..., Path], change_json: Callable[..., None], tmp_path: Path
) -> None:
    folder = write_classification(num_val=10)
    change_json(folder / "data.json", images={"root": str(tmp_path)})
    Image.new("L", (20, 10), 7).save(tmp_path / "grey.png")
    photos = find_photos(ReportedRun(folder), ["grey.png", "gone.png"])
    assert list(photos) == ["grey.png"]
    assert photos["grey.png"].shape == (10, 20)
    assert (photos["grey.png"] == 7).all()


@pytest.mark.parametrize("shape", [(300, 200), (300, 200, 1), (300, 200, 2), (300, 200, 3), (300, 200, 9)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_pixels_of_any_kind_become_a_small_picture(shape: tuple[int, ...], kind: type) -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, shape).astype(kind)
    small = thumbnail(pixels)
    assert small.size == (112, 168)
    assert small.mode == ("RGB" if len(shape) == 3 and shape[2] >= 3 else "L")


def test_sixteen_bits_are_stretched_not_cut() -> None:
    ramp = np.linspace(1000, 60000, 100).astype(np.uint16).reshape(10, 10)
    assert thumbnail(ramp).getextrema() == (0, 255)
