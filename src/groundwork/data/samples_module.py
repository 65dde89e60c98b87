"""Samples -> batches of train, val and test, for any Lightning Trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
import torch
from pandas import DataFrame

from groundwork.core.batch import SPLITS, Batch
from groundwork.core.choice import build
from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.pair import Pair
from groundwork.data.balance import class_weights
from groundwork.data.batches import Batches, TableSource
from groundwork.data.columns import ColumnStatistics
from groundwork.data.datamodule import GroundworkDataModule
from groundwork.data.images import Decoding
from groundwork.data.order import Order, table_batch_size
from groundwork.data.plain import normalized, num_features
from groundwork.data.prepare import Preparation, prepare
from groundwork.data.prepared import Prepared
from groundwork.data.readers.roles import AUTO
from groundwork.data.samples import Samples
from groundwork.data.target import Target

# Groups of a configuration that say what becomes of the samples.
PARTS = ("split", "balance", "normalize", "missing", "subset")
UNSEALED = (
    "Trainer.test measures the test split without sealing it: no ledger counts how often it was looked at. "
    "scripts/evaluate.py seals the official numbers of a run."
)


class SamplesDataModule(GroundworkDataModule):
    """Read, split, complete, balance and normalize samples, and cut them into batches.

    Nothing is read before `prepare_data` or `setup`. Modules of this package get each `Batch` as stored, since their
    networks normalize; any other LightningModule gets normalized float `(inputs, target)`.

    Args:
        read: Reads the samples and what is predicted of them.
        how: How they are split, completed and normalized.
        batch_size: Samples per device; auto follows the rows of train, of a table.
        seed: Draws the order of each training epoch, and balance.
        balance: Class counts -> weights in the loss, or other training rows.
        resident: Keep all inputs in the memory of a GPU; None does where they take little of it.
        console: Where to speak; None is the terminal.
        fixed_split: sample_id and split of an earlier run.
        known_columns: Of the run whose backbone this one starts from.
    """

    kind: str

    def __init__(
        self,
        read: Callable[[], tuple[Samples, Target]],
        how: Preparation,
        batch_size: int | Literal["auto"],
        seed: int,
        balance: Any,
        resident: bool | None = None,
        console: Console | None = None,
        fixed_split: DataFrame | None = None,
        known_columns: ColumnStatistics | None = None,
    ):
        nothing = np.empty((0, 1))
        self._sized = batch_size != "auto"
        first = 32 if batch_size == "auto" else batch_size
        super().__init__(TableSource(nothing), nothing, {}, first, Order(seed), None, resident)
        self.reader, self.how, self.balancing, self.console = read, how, balance, console
        self.fixed_split, self.known_columns = fixed_split, known_columns
        self._prepared: Prepared | None = None
        self._described: dict[bool, dict[str, Any]] = {}

    @classmethod
    def from_config(cls, config: Any, read: Callable[[], tuple[Samples, Target]], **options: Any) -> Self:
        """Build a data module from the groups of a configuration: data, paths, and one for each of PARTS.

        Args:
            config: Mapping of the groups; each is a node of a configuration, or the object that one would name.
            read: See the class.
            options: Further arguments of the class, and `averages`, see `Preparation`.
        """
        averages = options.pop("averages", False)
        decoding = Decoding.from_config(config) if cls.kind == "image" else None
        parts = {part: build(getattr(config, part)) for part in PARTS}
        how = Preparation(
            parts["missing"],
            parts["split"],
            parts["subset"],
            parts["normalize"],
            decoding,
            averages,
            config.data.get("rare_below") or 1,
            config.data.get("drop_samples"),
            config.data.get("group") == AUTO,
        )
        return cls(read, how, config.data.batch_size, config.seed, parts["balance"], **options)

    @property
    def prepared(self) -> Prepared:
        """Give the data of all splits, read when first asked for."""
        if self._prepared is None:
            samples, target = self.reader()
            self._prepared = prepare(
                samples, target, self.how, self._screen, self.fixed_split, self.known_columns
            )
        return self._prepared

    @property
    def info(self) -> dict[str, Any]:
        """Tell in plain types what a network must know of the data, for one that is not pretrained."""
        return self.describe(pretrained=False)

    def describe(self, pretrained: bool) -> dict[str, Any]:
        """Tell in plain types what a network must know of the data.

        Args:
            pretrained: Whether it has statistics of images of its own.

        Returns:
            What `Prepared.describe` gives; `task`, `classes`, `counts` and `class_weights` of train, `num_samples`.
        """
        if pretrained not in self._described:
            self._described[pretrained] = self._describe(self.prepared, pretrained)
        return self._described[pretrained]

    def _describe(self, prepared: Prepared, pretrained: bool) -> dict[str, Any]:
        target, decoding = prepared.target, self.how.decoding
        form = {} if decoding is None else {key: decoding.data.get(key) for key in ("resize", "window")}
        info = prepared.describe(self.how.normalize, pretrained, **form)
        counts = prepared.counts("train") if target.classes else np.zeros(0, dtype=np.int64)
        weights = class_weights(self.balancing, prepared)
        return info | {
            "task": target.task,
            "classes": list(target.classes),
            "counts": counts.tolist(),
            "class_weights": None if weights is None else weights.tolist(),
            "num_samples": {split: len(rows) for split, rows in prepared.rows.items()},
            "num_features": num_features(info) if info["kind"] == "table" else None,
        }

    def prepare_data(self) -> None:
        """Read and decode once, so that every process finds the decoded images."""
        _ = self.prepared

    def setup(self, stage: str | None = None) -> None:
        """Hand over the rows of a stage; those of test for `stage="test"` alone."""
        prepared, first = self.prepared, not self.rows
        classes = prepared.target.task == "classification"
        self.balance = self.balancing if classes else None
        self.source, self.target = prepared.inputs, torch.from_numpy(prepared.encoded)
        if not self._sized:
            self.batch_size, self._sized = table_batch_size(len(prepared.rows["train"])), True
        splits = SPLITS if stage == "test" else SPLITS[:2]
        self.hand_over({split: prepared.rows[split] for split in splits})
        if first:
            for note in prepared.notes:
                self._screen.note(note)
        if stage == "test":
            self._screen.note(UNSEALED)

    def teardown(self, stage: str | None = None) -> None:
        """Take the rows of test back."""
        if stage == "test":
            self.hand_over({split: rows for split, rows in self.rows.items() if split != "test"})

    def test_dataloader(self) -> Batches:
        """Visit the test samples in order, between `setup("test")` and `teardown("test")`."""
        if "test" not in self.rows:
            raise UserError('the test rows must stay out of reach until setup("test"). Call Trainer.test.')
        return self.ordered("test")

    def predict_dataloader(self) -> Batches:
        """Visit the validation samples in order."""
        return self.ordered("val")

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Give a module of this package its batch as stored, and any other one normalized `(inputs, target)`."""
        reads = getattr(self.trainer.lightning_module, "reads_batches", False) if self.trainer else False
        return batch if reads or not isinstance(batch, Batch) else self.plain(batch)

    def plain(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Give normalized float32 inputs, and class numbers (B,) int64 or values (B, T) float32."""
        if self.info["kind"] == "image" and self.info["image"]["mean"] is None:
            raise UserError("normalize=backbone needs a task of this package. Use normalize=train.")
        if isinstance(batch.inputs, Pair):
            raise UserError("data.inputs beside images needs a task of this package. Use data.inputs=null.")
        target = batch.target.float() if batch.target.is_floating_point() else batch.target
        return normalized(batch.inputs, self.info), target

    def __getstate__(self) -> dict[str, Any]:
        """Leave the data behind: a process that Lightning starts reads them itself."""
        nothing = np.empty((0, 1))
        kept = {name: value for name, value in vars(self).items() if name != "_near_source"}
        return kept | {
            "source": TableSource(nothing), "target": torch.from_numpy(nothing), "rows": {},
            "_prepared": None, "console": None,
        }  # fmt: skip

    @property
    def _screen(self) -> Console:
        return self.console or Console(quiet=self.trainer is not None and self.trainer.global_rank > 0)
