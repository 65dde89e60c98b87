"""Run folder -> what a report reads from it: every file and key. `core.run_files` says where the files lie.

A run folder is written by `train` and `evaluate`. Only `config.yaml` and `result.json` must exist: what is absent
is left out of the report, so that a stopped or unusual run still gets one. null in JSON means undefined.

config.yaml          plain nested mapping. Read: `name`, `seed`, `split.seed`, `data.root`, `report.photos`.
result.json          `task`, `status`, `monitor`, `direction` ("max" | "min") of the monitor, `directions`
                     {metric: "max" | "min"} of all metrics, without class or target (else a metric's name tells),
                     `best_epoch`, `n` {train, val, test}, `train` and `val` {metric: number},
                     `test` {metric: {value, low, high}} once sealed, `test_count` (distinct configurations
                     tested on these test rows), `seal` {free keys: checkpoint, commit, time, ...},
                     `intervals` {val: {metric: {value, low, high}}}, `baselines` {name: {metric: number}},
                     `corrected` {metric: {value, low, high, method, n}}: val with the choosing taken out,
                     `calibration` {`temperature`, free keys}: what val's probabilities were calibrated by,
                     `promise` {free keys}: of sets and intervals, and whether test kept it,
                     `verdicts` {baseline: {verdict (better | worse | undecided), difference, low, high, p, metric}},
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
                     columns as `core.predictions` names them. test.parquet is read only once result.json holds `test`.
environment.json     `command`, `git`, `packages` {name: version}, `hardware`, free keys.
advice.json          `scenario`, `metric`, `direction`, `why` [sentences], `not_tried` [sentences],
                     `race` [{name, share, score, seconds}], `evidence` {perfect, error_by_stage, stages, curve,
                     more {rows, gain, low, high}, num_samples, samples_per_output, similarity}. The page of advise.py
                     alone also reads `changes`, `scores`, `size`, `similarity`, `seconds`, `budget`,
                     `differences` [{name, against, difference, error}], `prices` [{name, seconds}], `reason`,
                     `overrides` [words].
audit.json           `findings` [{level, text}], `rules` [{rule, have, met, facts}], `gaps` {column: n}, `constant`
                     [columns], `duplicates` {extra, across}.
partial_dependence.csv  `input`, `value`, `output` (class or target), `prediction`: one line per input.
figures/             pictures written by `evaluate`: augmentation*.png.
figures/map.csv      `sample_id`, `split`, `target` (class, or first value), `pca_1`, `pca_2`, `tsne_1`, `tsne_2`.
figures/attention.npz  `kind`, `sample_id` (M,) str, and for i < M: `photo_<i>`, `map_<i>` (h, w) in [0, 1].
figures/thumbs.npz   small photographs: `sample_id` (M,) str, and `photo_<i>` (H, W, C) for i < M.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pandas import DataFrame, read_csv

from groundwork.core.batch import Split
from groundwork.core.bounded import read_json, read_table, read_yaml
from groundwork.core.directions import direction_in
from groundwork.core.errors import UserError
from groundwork.core.predictions import Predictions, read_predictions
from groundwork.core.run_folder import RunFolder
from groundwork.report.number import val_chose


@dataclass(frozen=True)
class ReportedRun:
    """Read the parts of one run folder, each when it is first asked for."""

    path: Path

    @property
    def folder(self) -> RunFolder:
        """Return the folder, which knows where everything lies."""
        return RunFolder(self.path)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return the resolved configuration of the run, to be shown: nothing is built from it."""
        return read_yaml(self._needed(self.folder.config_file))

    @cached_property
    def result(self) -> dict[str, Any]:
        """Return the numbers of the run."""
        return read_json(self._needed(self.folder.json_file("result")))

    @cached_property
    def data(self) -> dict[str, Any]:
        """Return what is known of the data; empty where the run stopped before reading it."""
        return self.folder.read_json("data")

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Return where and with what the run was made."""
        return self.folder.read_json("environment")

    @cached_property
    def advice(self) -> dict[str, Any]:
        """Return which transfer scenario was recommended, with the evidence."""
        return self.folder.read_json("advice")

    @cached_property
    def audit(self) -> dict[str, Any]:
        """Return what the audit of the data found."""
        return self.folder.read_json("audit")

    @cached_property
    def history(self) -> DataFrame:
        """Return one row per validation."""
        return _table(self.folder.history)

    @cached_property
    def partial_dependence(self) -> DataFrame:
        """Return the mean prediction over the values of each input column."""
        # Names and values of columns are text, also those that look like numbers or like nothing.
        return _table(self.folder.partial_dependence, texts=("input", "value", "output"))

    @cached_property
    def map(self) -> DataFrame:
        """Return the places of samples of train and val in two dimensions."""
        return _table(self.folder.map, texts=("sample_id", "split") + (("target",) if self.classes else ()))

    @cached_property
    def classes(self) -> list[str]:
        """Return the class names in the order of the network's outputs; empty for regression."""
        return [str(name) for name in self.data.get("classes") or []]

    @property
    def task(self) -> str:
        """Return classification or regression."""
        return str(self.result.get("task") or self.data.get("task") or "")

    @property
    def is_own(self) -> bool:
        """Tell whether a module of the user's was trained, whose task is its path and whose metrics are its own."""
        return "." in self.task

    @property
    def monitor(self) -> str:
        """Return the name of the metric that chose the checkpoint, without its split."""
        return str(self.result.get("monitor") or "").removeprefix("val/")

    def more_is_better(self, metric: str) -> bool:
        """Tell which way a metric is better: as the run says, else by the metric's name."""
        return direction_in(self.result, metric) == "max"

    @property
    def has_monitored(self) -> bool:
        """Tell whether the metric that should choose was measured on val; a module of the user's may log none."""
        return "val" not in self.result or self.monitor in self.result["val"]

    @property
    def val_chose(self) -> bool:
        """Tell whether val chose anything, so that its own number is optimistic."""
        return val_chose(self.result)

    def val_entry(self, metric: str) -> Any:
        """Return a val metric: its bare number where val chose, else with its interval where there is one."""
        intervals = (self.result.get("intervals") or {}).get("val") or {}
        value = (self.result.get("val") or {}).get(metric)
        return value if self.val_chose else intervals.get(metric) or value

    def evidence(self, metric: str) -> Any:
        """Return what speaks for the model before the test: the corrected metric, else that of val."""
        corrected = self.result.get("corrected") or {}
        return corrected.get(metric) if self.val_chose else self.val_entry(metric)

    def verdict_on(self, baseline: str) -> dict[str, Any]:
        """Return the paired verdict on a baseline; empty where there is none."""
        found: dict[str, Any] = (self.result.get("verdicts") or {}).get(baseline) or {}
        return found

    @property
    def is_sealed(self) -> bool:
        """Tell whether the test split has been opened for this run."""
        return bool(self.result.get("test"))

    def predictions(self, split: Split) -> Predictions | None:
        """Return the predictions of a split; None where there are none or the test is not sealed."""
        path, is_classes = self.folder.predictions(split), self.task == "classification"
        if (split == "test" and not self.is_sealed) or not path.exists() or (is_classes and not self.classes):
            return None
        targets = [str(name) for name in self.data.get("targets") or []]
        return read_predictions(path, self.classes if is_classes else [], targets)

    def pictures(self, stem: str) -> list[Path]:
        """Return the pictures that the run wrote under figures/ with this beginning."""
        return sorted(self.folder.figures.glob(f"{stem}*.png"))

    def _needed(self, path: Path) -> Path:
        if not path.exists():
            raise UserError(
                f"run must be a run folder with {path.name}, but got {self.path}. "
                f"Name a folder that train.py wrote, or run=latest."
            )
        return path


def _table(path: Path, texts: Sequence[str] = ()) -> DataFrame:
    if not path.exists() or path.stat().st_size == 0:
        return DataFrame()
    text: dict[str, Any] = {"dtype": dict.fromkeys(texts, str), "keep_default_na": False} if texts else {}
    return read_table(path, lambda file: read_csv(file, encoding="utf-8", **text))
