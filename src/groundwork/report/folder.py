"""Run folder -> what a report reads from it. Every file and key is named here and nowhere else.

A run folder is written by `train` and `evaluate`. Only `config.yaml` and `result.json` must exist: what is absent
is left out of the report, so that a stopped or unusual run still gets one. null in JSON means undefined.

config.yaml          plain nested mapping. Read: `name`, `seed`, `split.seed`, `data.root`, `report.photos`.
result.json          `task`, `status`, `monitor`, `direction` ("max" | "min"; else from the metric's name),
                     `best_epoch`, `n` {train, val, test}, `train` and `val` {metric: number},
                     `test` {metric: {value, low, high}} once sealed, `test_count` (distinct configurations
                     tested on this split), `seal` {free keys: checkpoint, commit, time, ...},
                     `intervals` {val: {metric: {value, low, high}}}, `baselines` {name: {metric: number}},
                     `transfer` {`scenario`, `solver`, `why`, `stages` (number or names of all, the ones
                     cut off too), `cut` (the stage or stages that the head reads), `frozen` (how many
                     from the first), `cached` (how many), free keys}, `parameters` {free keys},
                     `seconds` {total, data, features, fit}, `choices` [lines], `notes` [lines],
                     `changes` {dotted key: [default, value]}: what differs from the defaults of conf/.
                     A metric of one class or target is named `recall/<class>`, `rmse/<name>`.
data.json            `kind`, `task`, `classes` in order, `targets` [names],
                     `counts` {split: {class: n}} or {split: n}, `counts_balanced` {class: n}, weighed if by weights,
                     `content_hash`, `split_hash`, `image` {shape [C, H, W]},
                     `images` {root}: where sample_id is a path relative to.
history.csv          rows of an exact solve: `strength`, `cut`, `pool`, `val/<monitor>`; then one row per
                     validation: `phase`, `epoch` (from 1 in each phase), `train/loss`, `val/<metric>`.
                     `best_epoch` counts within the last phase.
splits.csv           `sample_id`, `split`.
predictions/val.parquet, predictions/test.parquet
                     `sample_id`, `group`, `target`, `prediction` (class names, or values in original
                     units), `prob/<class>` for every class; several targets: `target/<name>`,
                     `prediction/<name>`. test.parquet is read only once result.json holds `test`.
environment.json     `command`, `git`, `packages` {name: version}, `hardware`, free keys.
advice.json          `scenario`, `runner_up`, `expected` {scenario: {score, measured}},
                     `evidence` {perfect, error_by_stage, stages, curve, samples_per_output, similarity},
                     `measured` [{data, samples_per_output, similarity, trained}]: what the advice was calibrated on.
audit.json           `findings` [{level, text}], `rules` [{rule, have, met, facts}], `gaps` {column: n}, `constant`
                     [columns], `duplicates` {extra, across}.
partial_dependence.csv  `input`, `value`, `output` (class or target), `prediction`: one line per input.
figures/             pictures written by `evaluate`: augmentation*.png.
figures/attention.npz  `kind`, `sample_id` (M,) str, and for i < M: `photo_<i>`, `map_<i>` (h, w) in [0, 1].
figures/thumbs.npz   small photographs: `sample_id` (M,) str, and `photo_<i>` (H, W, C) for i < M.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pandas import DataFrame, read_csv, read_parquet

from groundwork.core.errors import UserError
from groundwork.report.bounded import read_json, read_whole, read_yaml
from groundwork.report.number import is_better_high


@dataclass(frozen=True)
class RunFolder:
    """Read the parts of one run folder, each when it is first asked for."""

    path: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return the resolved configuration of the run."""
        return read_yaml(self._needed("config.yaml"))

    @cached_property
    def result(self) -> dict[str, Any]:
        """Return the numbers of the run."""
        return read_json(self._needed("result.json"))

    @cached_property
    def data(self) -> dict[str, Any]:
        """Return what is known of the data; empty where the run stopped before reading it."""
        return self._optional("data.json")

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Return where and with what the run was made."""
        return self._optional("environment.json")

    @cached_property
    def advice(self) -> dict[str, Any]:
        """Return which transfer scenario was recommended, with the evidence."""
        return self._optional("advice.json")

    @cached_property
    def audit(self) -> dict[str, Any]:
        """Return what the audit of the data found."""
        return self._optional("audit.json")

    @cached_property
    def history(self) -> DataFrame:
        """Return one row per validation."""
        return self._table("history.csv")

    @cached_property
    def splits(self) -> DataFrame:
        """Return sample_id and split."""
        return self._table("splits.csv")

    @cached_property
    def partial_dependence(self) -> DataFrame:
        """Return the mean prediction over the values of each input column."""
        # Names and values of columns are text, also those that look like numbers or like nothing.
        return self._table("partial_dependence.csv", names=("input", "value", "output"))

    @cached_property
    def classes(self) -> list[str]:
        """Return the class names in the order of the network's outputs; empty for regression."""
        return [str(name) for name in self.data.get("classes") or []]

    @property
    def task(self) -> str:
        """Return classification or regression."""
        return str(self.result.get("task") or self.data.get("task") or "")

    @property
    def monitor(self) -> str:
        """Return the name of the metric that chose the checkpoint, without its split."""
        return str(self.result.get("monitor") or "").removeprefix("val/")

    def more_is_better(self, metric: str) -> bool:
        """Tell which way a metric is better: as the run says of its monitor, else by the metric's name."""
        direction = self.result.get("direction") if metric == self.monitor else None
        return is_better_high(metric) if direction is None else direction == "max"

    @property
    def is_sealed(self) -> bool:
        """Tell whether the test split has been opened for this run."""
        return bool(self.result.get("test"))

    def predictions(self, split: str) -> DataFrame:
        """Return the predictions of a split; no row where there are none or the test is not sealed."""
        path = self.path / "predictions" / f"{split}.parquet"
        if (split == "test" and not self.is_sealed) or not path.exists():
            return DataFrame()
        return read_whole(path, read_parquet)

    def pictures(self, stem: str) -> list[Path]:
        """Return the pictures that the run wrote under figures/ with this beginning."""
        return sorted((self.path / "figures").glob(f"{stem}*.png"))

    def _needed(self, name: str) -> Path:
        path = self.path / name
        if not path.exists():
            raise UserError(
                f"run must be a run folder with {name}, but got {self.path}. "
                f"Name a folder that train.py wrote, or run=latest."
            )
        return path

    def _optional(self, name: str) -> dict[str, Any]:
        path = self.path / name
        return read_json(path) if path.exists() else {}

    def _table(self, name: str, names: Sequence[str] = ()) -> DataFrame:
        path = self.path / name
        if not path.exists() or path.stat().st_size == 0:
            return DataFrame()
        text: dict[str, Any] = {"dtype": dict.fromkeys(names, str), "keep_default_na": False} if names else {}
        return read_whole(path, lambda file: read_csv(file, encoding="utf-8", **text))
