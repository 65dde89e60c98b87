"""Probabilities -> reliability diagram: does 80 % sure mean right 80 times of 100."""

from dataclasses import replace

import numpy as np
from pandas import DataFrame

from groundwork.core.batch import Split
from groundwork.core.probabilities import soften
from groundwork.report.drawing import MODEL, MUTED, OTHER, Drawing, grid, legend_above, new_figure
from groundwork.report.folder import ReportedRun
from groundwork.report.number import show, value_of
from groundwork.report.predictions import Classified, classified

NUM_BINS = 15


def draw(run: ReportedRun, split: Split = "val") -> list[Drawing]:
    """Draw accuracy against confidence, and how often each confidence occurs."""
    found = classified(run, split)
    if found is None or found.prob is None:
        return []
    bins = reliability(found)
    filled = bins[bins["samples"] > 0]
    ece = value_of((run.result.get(split) or {}).get("ece"))
    if ece is None:
        gap = (filled["accuracy"] - filled["confidence"]).abs()
        ece = float((filled["samples"] * gap).sum() / len(found.target))
    figure = new_figure(2.9)
    axes, beside = figure.subplots(1, 2)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)), label="as sure as right")
    axes.vlines(filled["confidence"], filled["confidence"], filled["accuracy"], color=OTHER, linewidth=2.5)
    temperature = (run.result.get("calibration") or {}).get("temperature", 1.0)
    if temperature != 1:
        raw = reliability(replace(found, prob=soften(found.prob, 1 / temperature).astype(np.float64)))
        raw = raw[raw["samples"] > 0]
        axes.plot(raw["confidence"], raw["accuracy"], "o:", markersize=3, color=MUTED, label="not calibrated")
    axes.plot(filled["confidence"], filled["accuracy"], "o-", markersize=4, color=MODEL, label="the model")
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))
    legend_above(axes)
    grid(axes, "both")
    width = 1 / NUM_BINS
    beside.bar(bins["from"] + width / 2, bins["samples"], width=width * 0.92, color=MODEL)
    beside.set(xlabel="confidence: probability of the predicted class", ylabel="samples", xlim=(0, 1))
    grid(beside)
    caption = (
        f"Expected calibration error {show(ece)}: the mean gap (amber) between confidence and accuracy, "
        f"over {NUM_BINS} bins weighed by their samples."
    )
    if temperature != 1:
        caption += f" Calibrated by the temperature {show(temperature)}; dotted: before that."
    return [Drawing(f"reliability_{split}", f"Reliability, {split}", caption, figure, bins)]


def reliability(found: Classified) -> DataFrame:
    """Return from, to, samples, confidence and accuracy of equally wide bins of confidence."""
    edges = np.linspace(0, 1, NUM_BINS + 1)
    confidence = found.confidence
    right = (found.target == found.prediction).astype(float)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, NUM_BINS - 1)
    samples = np.bincount(place, minlength=NUM_BINS)
    with np.errstate(invalid="ignore"):
        return DataFrame(
            {
                "from": edges[:-1],
                "to": edges[1:],
                "samples": samples,
                "confidence": np.bincount(place, confidence, NUM_BINS) / samples,
                "accuracy": np.bincount(place, right, NUM_BINS) / samples,
            }
        )
