"""figures/map.csv -> the chapter of a report that shows the data in two dimensions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import hsv_to_rgb, to_hex
from numpy.typing import NDArray
from pandas import DataFrame, Index, qcut, to_numeric

from groundwork.report.folder import ReportedRun
from groundwork.report.predictions import classified, regressed

WIDTH, HEIGHT, EDGE = 1000, 700, 36  # of the drawing, in its own units
MOST_PHOTOS = 48
GAP = 58  # between their middles, so that dots stay in sight
NUM_BINS = 7  # of a continuous target
LARGE_ERRORS = 0.9  # quantile of the absolute error beyond which a prediction counts as far off
# Told apart by every kind of color vision, on white and on black (Okabe and Ito), and two more.
FEW = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#b8a800",
    "#8c6bb1",
    "#7f7f7f",
    "#a65628",
)
PARTS = {"train": "train", "right": "val, right", "wrong": "val, wrong"}
OF_VALUES = {"train": "train", "right": "val", "wrong": "val, the tenth with the largest errors"}


@dataclass(frozen=True)
class DataMap:
    """Hold the places of N samples, each in a group by class and in a part of `PARTS`.

    Attributes:
        table: (N) sample_id, split, target, and coordinates of both projections.
        groups: Names of classes, or of bins of values, in order.
        group: (N,) number of each sample's group.
        part: (N,) of `PARTS`.
        parts: What each part is called.
        predicted: sample_id -> what val was predicted as.
    """

    table: DataFrame
    groups: Sequence[str]
    group: NDArray[np.int64]
    part: NDArray[Any]
    parts: Mapping[str, str]
    predicted: Mapping[str, str]

    width, height = WIDTH, HEIGHT

    @cached_property
    def colors(self) -> list[str]:
        """Give each group a color: one of a few, around the circle of hues, or from dark to light."""
        number = len(self.groups)
        if self.parts is OF_VALUES:
            return [to_hex(color) for color in colormaps["viridis"](np.linspace(0.05, 0.9, max(number, 2)))][
                :number
            ]
        if number <= len(FEW):
            return list(FEW[:number])
        # Neighbors in the legend differ by hue and by lightness.
        hues = [
            (k * 0.618034 % 1, (0.85, 0.55, 0.95)[k % 3], (0.85, 0.75, 0.55)[k % 3]) for k in range(number)
        ]
        return [to_hex(color) for color in hsv_to_rgb(hues).tolist()]

    def places(self, projection: str) -> NDArray[np.int64]:
        """Fit a projection into the drawing, both axes by the same factor: (N, 2)."""
        at = self.table[[f"{projection}_1", f"{projection}_2"]].to_numpy(np.float64)
        low, high = at.min(axis=0), at.max(axis=0)
        room = np.array([WIDTH, HEIGHT]) - 2 * EDGE
        factor = (room / np.maximum(high - low, 1e-12)).min()
        placed = (at - (low + high) / 2) * factor * [1, -1] + np.array([WIDTH, HEIGHT]) / 2
        return np.asarray(placed.round(), np.int64)

    def paths(self, projection: str) -> list[dict[str, Any]]:
        """Draw the samples of each part and group as one path of dots, the wrong ones last."""
        placed, found = self.places(projection), []
        for part in self.parts:
            for number, name in enumerate(self.groups):
                rows = placed[(self.part == part) & (self.group == number)]
                if len(rows):
                    dots = "".join(f"M{across} {down}h0" for across, down in rows)
                    found.append({"part": part, "group": number, "name": name, "dots": dots})
        return found

    @property
    def legend(self) -> list[dict[str, Any]]:
        """List the groups with color and size."""
        counts = np.bincount(self.group, minlength=len(self.groups))
        return [
            {"name": name, "color": color, "count": int(count)}
            for name, color, count in zip(self.groups, self.colors, counts, strict=True)
        ]

    @property
    def dot(self) -> float:
        """Choose the size of a dot: smaller where there are many."""
        return float(np.clip(60 / len(self.table) ** 0.25, 6, 14).round(1))

    def spread(self) -> list[int]:
        """Choose samples that lie far from each other in t-SNE: each next one is the farthest from those before."""
        placed = self.places("tsne").astype(np.float64)
        chosen = [int(np.abs(placed - np.median(placed, axis=0)).sum(axis=1).argmin())]
        nearest = np.full(len(placed), np.inf)
        while len(chosen) < MOST_PHOTOS:
            nearest = np.minimum(nearest, ((placed - placed[chosen[-1]]) ** 2).sum(axis=1))
            if nearest.max() < GAP**2:
                break
            chosen.append(int(nearest.argmax()))
        return chosen

    def photos(self, sources: Mapping[str, str]) -> list[dict[str, Any]]:
        """Place photographs, sample_id -> address, with what each is."""
        first, second, found = self.places("tsne"), self.places("pca"), []
        for row in self.spread():
            name = str(self.table["sample_id"].iloc[row])
            if name in sources:
                text = f"{self.groups[self.group[row]]}, {self.parts[self.part[row]]}"
                taken = f", taken for {self.predicted[name]}" if name in self.predicted else ""
                at = {"tsne": first[row].tolist(), "pca": second[row].tolist()}
                found.append({"source": sources[name], "text": f"{text}{taken}: {name}", "part": self.part[row],
                              "group": int(self.group[row]), **at})  # fmt: skip
        return found


def read_map(run: ReportedRun) -> DataMap | None:
    """Read the map of a run; None where it has none."""
    table = run.map
    if table.empty:
        return None
    part = np.where(table["split"] == "train", "train", "right").astype(object)
    predicted: dict[str, str] = {}
    if run.classes:
        groups = run.classes
        codes = np.asarray(Index(groups).get_indexer(Index(table["target"])), np.intp)
        found = classified(run, "val")
        if found is not None:
            wrong = found.target != found.prediction
            taken = np.asarray(found.classes, dtype=object)[found.prediction[wrong]]
            predicted = dict(zip(found.sample_id[wrong], taken, strict=True))
        parts = PARTS if found is not None else {"train": PARTS["train"], "right": "val"}
    else:
        values = to_numeric(table["target"], errors="coerce")
        bins = qcut(values, NUM_BINS, duplicates="drop")
        groups = [f"{max(one.left, values.min()):.4g} to {one.right:.4g}" for one in bins.cat.categories]
        codes = np.asarray(bins.cat.codes, np.intp)
        for one in regressed(run, "val")[:1]:
            error = np.abs(one.prediction - one.target)
            far = error >= np.quantile(error, LARGE_ERRORS)
            predicted = {
                name: f"{value:.4g}"
                for name, value in zip(one.sample_id[far], one.prediction[far], strict=True)
            }
        parts = OF_VALUES
    if (codes < 0).any():
        groups = [*groups, "unknown"]
    group = np.where(codes < 0, len(groups) - 1, codes).astype(np.int64)
    part[(part == "right") & table["sample_id"].isin(list(predicted)).to_numpy()] = "wrong"
    return DataMap(table, groups, group, part, parts, predicted)


def map_photos(run: ReportedRun) -> list[str]:
    """Name the samples whose photographs the map shows."""
    found = read_map(run)
    return [] if found is None else found.table["sample_id"].iloc[found.spread()].astype(str).tolist()
