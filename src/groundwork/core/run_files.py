"""Where each file of a run folder lies: the one place that spells their names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from groundwork.core.batch import Split

CONFIG = "config.yaml"
FOLDERS = ("checkpoints", "predictions", "figures")
# Files of a run that has computed nothing yet.
START = (CONFIG, "environment.json", "result.json", "data.json", "audit.json", "splits.csv", "train.log",
         "console.log", "rank-*.log", ".lock")  # fmt: skip
# A run's, and those of an audit, an advice, a search and a logger, whose folders are run folders, too.
JsonName = Literal[
    "result", "data", "environment", "audit", "advice", "search", "wandb", "loggers", "suspects"
]


class File:
    """Give the path of one file below a run folder."""

    def __init__(self, place: str):
        self.place = place

    def __get__(self, folder: RunFiles, _: type[RunFiles]) -> Path:
        return folder.path / self.place


@dataclass(frozen=True)
class RunFiles:
    """Name the files of one run.

    Attributes:
        path: Absolute folder `<paths.runs>/<name>/<run id>`.
    """

    path: Path

    config_file = File(CONFIG)  # resolved, written before anything can fail
    splits = File("splits.csv")  # sample_id, split
    history = File("history.csv")  # one row per validation
    steps = File("steps.csv")  # one row per logged step
    out_of_fold = File("predictions/oof.parquet")  # train and val, each row by a fold without it
    partial_dependence = File("partial_dependence.csv")  # how the prediction follows each column of a table
    log = File("train.log")  # what the run said
    console = File("console.log")  # all that the process of a run printed, where that is not a terminal's
    lock = File(".lock")  # held by the process that works in this folder

    best = File("checkpoints/best.ckpt")  # what validation chose
    last = File("checkpoints/last.ckpt")  # to go on from
    previous = File("checkpoints/previous.ckpt")  # before the last
    finished = File("checkpoints/finished.ckpt")  # best of the phase before, while the next one trains
    advised = File("checkpoints/advised.ckpt")  # what val chose among, until the run is trained
    pretrained = File("checkpoints/pretrained.ckpt")  # backbone of the own run that this one began with
    boosting = File("checkpoints/gradient_boosting.npz")  # trees, of a run on a table

    figures = File("figures")  # pictures, and the arrays that they are drawn from
    augmentation = File("figures/augmentation.png")  # training images as the network sees them
    attention = File("figures/attention.npz")  # some images, with maps of where the network looks
    map = File("figures/map.csv")  # samples of train and val, with the place of each in two dimensions
    thumbs = File("figures/thumbs.npz")  # small copies of the photographs that the report shows

    report = File("report.html")  # of a run, an advice or a search
    audit_page = File("audit.html")
    suspects = File("suspects.csv")  # labels that may be wrong, the most suspect first, of an audit
    suspects_page = File("suspects.html")

    def json_file(self, name: JsonName) -> Path:
        """What is known of a run, one JSON object for each kind of knowledge."""
        # Notebooks of the first edition say "data.json".
        return self.path / f"{name.removesuffix('.json')}.json"

    def predictions(self, split: Split) -> Path:
        """One row per sample of a split."""
        return self.path / "predictions" / f"{split}.parquet"
