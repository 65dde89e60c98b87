"""The Grocery Store data set -> samples: 5,421 color photographs in 81 classes, with an official split."""

from __future__ import annotations

import csv
from pathlib import Path

from pandas import DataFrame

from groundwork.core.batch import SPLITS
from groundwork.core.errors import UserError
from groundwork.data.formats.source import Source, read_frame
from groundwork.data.readers.folders import existing_folder
from groundwork.data.readers.image_table import image_table_samples
from groundwork.data.readers.roles import Roles, as_names
from groundwork.data.samples import Samples

CURE = (
    "Run: git clone https://github.com/marcusklasson/GroceryStoreDataset, "
    "and add data.root=GroceryStoreDataset."
)


def read_groceries(root: str | Path | None, target: str) -> Samples:
    """Read a clone of the public repository, or a folder with labels.csv (path, label, coarse_label, split).

    Args:
        root: The folder.
        target: `label` (81 classes) or `coarse_label` (43 of them).

    Source:
        Klasson et al., WACV 2019, arXiv:1901.00711.
    """
    if not root:
        raise UserError(f"data=groceries must have data.root, but got nothing. {CURE}")
    folder = existing_folder(root)
    if (folder / "dataset" / "classes.csv").is_file():
        folder = folder / "dataset"
    if (folder / "classes.csv").is_file():
        listing, frame = folder, _read_lists(folder)
    elif (folder / "labels.csv").is_file():
        listing = folder / "labels.csv"
        frame = read_frame(Source.parse(str(listing), "data.root"), None, False)
    else:
        raise UserError(
            f"data.root must hold dataset/classes.csv or labels.csv, but {folder} does not. {CURE}"
        )
    return image_table_samples(
        frame, str(listing), folder, "path", Roles(as_names(target), None, None, "split", None)
    )


def _read_lists(folder: Path) -> DataFrame:
    """Read train.txt, val.txt and test.txt, whose lines are: path, number of the class, of its coarse class."""
    names = _class_names(folder / "classes.csv")
    rows = []
    for split in SPLITS:
        listing = folder / f"{split}.txt"
        if not listing.is_file():
            raise UserError(f"{listing} must be there, but is not. {CURE}")
        for number, line in enumerate(listing.read_text(encoding="utf-8").splitlines(), 1):
            cells = [cell.strip() for cell in line.split(",")]
            if not line.strip():
                continue
            if len(cells) != 3 or cells[1] not in names:
                raise UserError(
                    f"{listing} must hold 'path, class, coarse class' per line, "
                    f"but line {number} is {line!r}. {CURE}"
                )
            rows.append((cells[0], *names[cells[1]], split))
    return DataFrame(rows, columns=["path", "label", "coarse_label", "split"]).astype("str")


def _class_names(listing: Path) -> dict[str, tuple[str, str]]:
    """Return number of a class -> its name and the name of its coarse class."""
    with listing.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    if any(len(row) < 3 for row in rows):
        raise UserError(
            f"{listing} must start each row with class, number, coarse class, but does not. {CURE}"
        )
    return {row[1].strip(): (row[0].strip(), row[2].strip()) for row in rows}
