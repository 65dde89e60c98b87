"""disk -> samples -> split -> batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:  # nothing is imported before it is asked for: neither torch nor pandas for --help
    from groundwork.data.augment.augment import Augment
    from groundwork.data.augment.mix import Mix
    from groundwork.data.balance import LossWeights, NoBalance, Oversample, Undersample
    from groundwork.data.batches import TableSource
    from groundwork.data.columns import ColumnStatistics, encode_columns
    from groundwork.data.convert import convert_table
    from groundwork.data.datamodule import GroundworkDataModule
    from groundwork.data.fit import fit_columns
    from groundwork.data.formats.source import Source, read_frame, write_frame
    from groundwork.data.missing import Missing, find_gaps
    from groundwork.data.modules import ImageDataModule, TableDataModule
    from groundwork.data.normalize import Normalize, image_statistics
    from groundwork.data.readers.diamonds import read_diamonds
    from groundwork.data.readers.fashion_mnist import read_fashion_mnist
    from groundwork.data.readers.groceries import read_groceries
    from groundwork.data.readers.image_folder import read_image_folder, read_images
    from groundwork.data.readers.image_table import read_image_table
    from groundwork.data.readers.scikit_learn import read_diabetes, read_digit_labels, read_digits
    from groundwork.data.readers.solar_cells import read_solar_cells
    from groundwork.data.readers.table import read_table
    from groundwork.data.samples import Samples
    from groundwork.data.scale import fit_target_scale
    from groundwork.data.shards.convert import convert_images
    from groundwork.data.shards.read import read_shards
    from groundwork.data.split.keys import SplitKeys, split_hash
    from groundwork.data.split.split import (
        ChronologicalSplit,
        FoldSplit,
        OfficialSplit,
        RandomSplit,
        StratifiedSplit,
    )
    from groundwork.data.store.store import Store
    from groundwork.data.store.stream import Stream
    from groundwork.data.subset import AllRows, StratifiedSubset
    from groundwork.data.target import Target

__all__ = [
    "AllRows",
    "Augment",
    "ChronologicalSplit",
    "ColumnStatistics",
    "FoldSplit",
    "GroundworkDataModule",
    "ImageDataModule",
    "LossWeights",
    "Missing",
    "Mix",
    "NoBalance",
    "Normalize",
    "OfficialSplit",
    "Oversample",
    "RandomSplit",
    "Samples",
    "Source",
    "SplitKeys",
    "Store",
    "StratifiedSplit",
    "StratifiedSubset",
    "Stream",
    "TableDataModule",
    "TableSource",
    "Target",
    "Undersample",
    "convert_images",
    "convert_table",
    "encode_columns",
    "find_gaps",
    "fit_columns",
    "fit_target_scale",
    "image_statistics",
    "read_diabetes",
    "read_diamonds",
    "read_digit_labels",
    "read_digits",
    "read_fashion_mnist",
    "read_frame",
    "read_groceries",
    "read_image_folder",
    "read_image_table",
    "read_images",
    "read_shards",
    "read_solar_cells",
    "read_table",
    "split_hash",
    "write_frame",
]

__getattr__, __dir__ = lazy_names(__name__, __file__)
