"""A finished run as an object, and runs started from Python: what notebooks and own scripts hold on to."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas import DataFrame

from groundwork.core.admitted import admit
from groundwork.core.batch import Split
from groundwork.core.bounded import read_table
from groundwork.core.errors import UserError
from groundwork.core.intact import read_splits
from groundwork.core.paths import machine_paths
from groundwork.core.run_folder import RunFolder

if TYPE_CHECKING:
    from groundwork.model import Network


class Run:
    """Read what a run left behind.

    Args:
        folder: A run folder, or "latest".
        trust: Packages beside this one whose classes the run may name, if you know where it comes from.
    """

    def __init__(self, folder: str | Path, trust: Sequence[str] = ()):
        admit(trust)
        self.folder = RunFolder.find(str(folder), Path(machine_paths().runs))
        self.path = self.folder.path

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def config(self) -> Any:
        """The resolved configuration."""
        return self.folder.config

    @property
    def result(self) -> dict[str, Any]:
        """Metrics, intervals, baselines and times; null means undefined."""
        return self.folder.read_json("result")

    @cached_property
    def splits(self) -> DataFrame:
        """sample_id and split of every sample."""
        return read_splits(self.folder)

    @cached_property
    def history(self) -> DataFrame:
        """One row per validation, or per cut and penalty of an exact head."""
        return read_table(self.folder.history, lambda path: pd.read_csv(path, encoding="utf-8"))

    def predictions(self, split: Split) -> DataFrame:
        """Read one row per sample of a split.

        Raises:
            UserError: If the split has no predictions, as test has none before it is sealed.
        """
        path = self.folder.predictions(split)
        if not path.exists():
            raise UserError(
                f"{self.path} has no predictions of {split}. Seal the test with scripts/evaluate.py."
            )
        return read_table(path, pd.read_parquet)

    def model(self) -> "Network":
        """Build the network with its best weights: raw inputs -> output, and `decode` -> prediction."""
        from groundwork.evaluate.network import load_network  # torch: not for reading tables

        return load_network(self.folder)
