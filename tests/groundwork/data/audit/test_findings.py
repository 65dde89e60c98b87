"""What a person should know of the data is said, with what to do."""

from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame, Series
from PIL import Image

from groundwork.data.audit.findings import findings
from groundwork.data.audit.images import enlarged
from groundwork.data.samples import Samples


def said(**audit: object) -> str:
    return " | ".join(f"{one['level']}: {one['text']} {one['remedy']}" for one in findings(audit))


def test_a_val_too_small_to_decide_is_said_with_folds_as_remedy() -> None:
    text = said(n={"val": 9}, counts={"val": {"owl": 5, "wren": 4}})
    # half a 95 % interval of a share of 0.8 on nine samples: 1.96 * sqrt(0.16 / 9) = 0.261
    assert (
        "warning: val has 9 samples, too few to decide: an accuracy of 0.8 would be known to about ± 26"
        in text
    )
    assert "split=folds split.k=5 'split.fold=range(5)'" in text
    assert said(n={"val": 9}, counts={"val": 9}).startswith(
        "warning: val has 9 samples, too few to decide Use"
    )
    assert said(n={"val": 9}, counts={"val": {"owl": 9}}, has_folds=True) == ""
    assert said(n={"val": 0}, counts={"val": {"owl": 0}}) == ""


def test_a_class_too_small_to_decide_is_named() -> None:
    assert said(n={"val": 100}, counts={"val": {"owl": 91, "wren": 9}}).startswith(
        "note: 1 class has fewer than 10 samples in val: wren"
    )
    assert said(n={"val": 100}, counts={"val": {"owl": 90, "wren": 10}}) == ""


@pytest.mark.parametrize(("side", "is_said"), [(32, True), (64, False), (100, False)])
def test_enlarged_images_are_said(tmp_path: Path, side: int, is_said: bool) -> None:
    names = [f"{number}.png" for number in range(3)]
    for name in names:
        Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(tmp_path / name)
    nothing = DataFrame(index=range(3))
    paths = Series([str(tmp_path / name) for name in names], dtype="str")
    samples = Samples("image", Series(names, dtype="str"), nothing, nothing, (), tmp_path, path=paths)
    found = enlarged(samples, (64, 64))
    assert found == ({"from": [32, 32], "to": [64, 64]} if is_said else {})
    assert ("enlarged from 32 x 32 (median) to 64 x 64 pixels" in said(enlarged=found)) == is_said
