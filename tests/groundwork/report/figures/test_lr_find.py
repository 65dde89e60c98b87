"""Losses at rising rates are drawn, and what was drawn is in the table beside the picture."""

from pathlib import Path

import numpy as np
import pandas as pd

from groundwork.report import write_rates


def test_picture_and_numbers_are_written(tmp_path: Path):
    rates, losses = np.geomspace(1e-4, 1.0, 9), np.linspace(2.0, 1.0, 9)
    picture = write_rates(tmp_path, rates, losses, 1e-2)
    assert picture.read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(picture.with_suffix(".csv"))
    np.testing.assert_allclose(table[["lr", "loss"]], np.stack([rates, losses], axis=1))
    assert picture.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
