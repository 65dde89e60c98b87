"""disk -> samples -> split -> batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundwork.core.lazy import lazy_names

if TYPE_CHECKING:
    from groundwork.data.augment.augment import Augment
    from groundwork.data.augment.mix import Mix
    from groundwork.data.balance import LossWeights, NoBalance, Oversample, Undersample
    from groundwork.data.batches import TableSource
    from groundwork.data.classes import natural_key
    from groundwork.data.columns import ColumnStatistics, encode_columns, fit_columns
    from groundwork.data.convert import convert_table
    from groundwork.data.datamodule import GroundworkDataModule
    from groundwork.data.formats.source import Source, read_frame, write_frame
    from groundwork.data.missing import Missing, find_gaps, gap_notes
    from groundwork.data.modules import ImageDataModule, TableDataModule
    from groundwork.data.normalize import Normalize, image_statistics
    from groundwork.data.readers.diamonds import read_diamonds
    from groundwork.data.readers.fashion_mnist import read_fashion_mnist
    from groundwork.data.readers.groceries import read_groceries
    from groundwork.data.readers.image_folder import read_image_folder, read_images
    from groundwork.data.readers.image_table import read_image_table
    from groundwork.data.readers.roles import content_ids
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
    from groundwork.data.store.store import Store, build_store
    from groundwork.data.store.stream import Stream
    from groundwork.data.subset import AllRows, StratifiedSubset, subset_similarity
    from groundwork.data.target import Target

# Where each public name lives. It is imported when it is first asked for, so that a command that
# only shows its help, or refuses its arguments, waits for neither torch nor pandas.
_HOME = {
    "AllRows": "subset",
    "Augment": "augment.augment",
    "ChronologicalSplit": "split.split",
    "ColumnStatistics": "columns",
    "FoldSplit": "split.split",
    "GroundworkDataModule": "datamodule",
    "ImageDataModule": "modules",
    "LossWeights": "balance",
    "Missing": "missing",
    "Mix": "augment.mix",
    "NoBalance": "balance",
    "Normalize": "normalize",
    "OfficialSplit": "split.split",
    "Oversample": "balance",
    "RandomSplit": "split.split",
    "Samples": "samples",
    "Source": "formats.source",
    "SplitKeys": "split.keys",
    "Store": "store.store",
    "StratifiedSplit": "split.split",
    "StratifiedSubset": "subset",
    "Stream": "store.stream",
    "TableDataModule": "modules",
    "TableSource": "batches",
    "Target": "target",
    "Undersample": "balance",
    "build_store": "store.store",
    "content_ids": "readers.roles",
    "convert_images": "shards.convert",
    "convert_table": "convert",
    "encode_columns": "columns",
    "find_gaps": "missing",
    "fit_columns": "columns",
    "fit_target_scale": "scale",
    "gap_notes": "missing",
    "image_statistics": "normalize",
    "natural_key": "classes",
    "read_diabetes": "readers.scikit_learn",
    "read_diamonds": "readers.diamonds",
    "read_digit_labels": "readers.scikit_learn",
    "read_digits": "readers.scikit_learn",
    "read_fashion_mnist": "readers.fashion_mnist",
    "read_frame": "formats.source",
    "read_groceries": "readers.groceries",
    "read_image_folder": "readers.image_folder",
    "read_image_table": "readers.image_table",
    "read_images": "readers.image_folder",
    "read_shards": "shards.read",
    "read_solar_cells": "readers.solar_cells",
    "read_table": "readers.table",
    "split_hash": "split.keys",
    "subset_similarity": "subset",
    "write_frame": "formats.source",
}

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
    "build_store",
    "content_ids",
    "convert_images",
    "convert_table",
    "encode_columns",
    "find_gaps",
    "fit_columns",
    "fit_target_scale",
    "gap_notes",
    "image_statistics",
    "natural_key",
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
    "subset_similarity",
    "write_frame",
]

__getattr__, __dir__ = lazy_names(__name__, _HOME)
