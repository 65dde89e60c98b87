"""The ELPV solar cells -> samples: 2,624 photographs, each with its probability of a defect."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from groundwork.core.errors import UserError
from groundwork.data.readers.folders import existing_folder
from groundwork.data.readers.image_table import image_table_samples
from groundwork.data.readers.roles import Roles, as_names
from groundwork.data.samples import Samples


def read_solar_cells(root: str | Path | None, target: str, group: str | None) -> Samples:
    """Read the photographs where they lie, without importing the package that brings them.

    Args:
        root: Folder of labels.csv; None finds it in the installed package.
        target: `probability` of a defect (0, 1/3, 2/3 or 1), or `type` of the cell (mono or poly).
        group: None; `type` keeps each kind of cell in one split.

    Source:
        Deitsch et al. 2019, arXiv:1807.02894. The photographs are CC BY-NC-SA 4.0.
    """
    folder = _package_folder() if root is None else existing_folder(root)
    labels = folder / "labels.csv"
    if not labels.is_file():
        raise UserError(f"data.root must hold labels.csv, but {folder} does not. Check data.root.")
    frame = pd.read_csv(labels, sep=r"\s+", names=["path", "probability", "type"], encoding="utf-8")
    roles = Roles(as_names(target), None, group, None, None)
    return image_table_samples(frame, str(labels), folder, "path", roles)


def _package_folder() -> Path:
    spec = find_spec("elpv_dataset")
    if spec is None or spec.origin is None:
        raise UserError(
            "data=solar_cells must have the package elpv-dataset, but it is not installed. "
            "Run: pip install 'elpv-dataset>=1.0.0.post1,<2', or choose another data."
        )
    return Path(spec.origin).parent / "data"
