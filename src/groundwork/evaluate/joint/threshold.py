"""Members of a joint model -> the threshold that decides on their mean probability."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from groundwork.core.predictions import Predictions, read_predictions
from groundwork.core.text import shortlist
from groundwork.evaluate.joint.members import Joint
from groundwork.evaluate.measure import NAMED, with_threshold
from groundwork.train.metrics import DECIDING, Metrics, build_metrics


def decide_jointly(joint: Joint, oof: Predictions | None, own: Sequence[Metrics]) -> tuple[Metrics, str]:
    """Choose the threshold of the mean probability where `metrics.threshold` is "auto".

    On out-of-fold predictions where the members are folds; on val where they share it; else the mean of their own.

    Args:
        oof: What folds predict of each other; None where the members are no folds.
        own: Metrics of the members, with their thresholds.

    Returns:
        The metrics, and a line that tells how; empty where nothing was chosen.
    """
    config = joint.first.folder.config
    metrics = build_metrics(config)
    if not isinstance(metrics, DECIDING) or metrics.threshold != "auto":
        return metrics, ""
    rows, what = (oof, "out-of-fold predictions") if oof is not None else (_mean_on_val(joint), "val")
    if rows is not None and rows.prob is not None:
        chosen, line = with_threshold(metrics, config.monitor, rows.prob, rows.target, rows.names)
        return chosen, line.replace(" on val", f" on {what}") if oof is not None else line
    every = [np.asarray(getattr(each, "threshold", 0.5), dtype=np.float64) for each in own]
    mean = np.mean(every, axis=0)
    said = shortlist((f"{one:.4g}" for one in np.atleast_1d(mean)), NAMED)
    return replace(
        metrics, threshold=mean.tolist()
    ), f"decided from probability {said} on, the mean of the members' thresholds"


def _mean_on_val(joint: Joint) -> Predictions | None:
    """Average what the members predict of the val rows that they share; None where they share none."""
    if len({run.result["split_hash"] for run in joint.members}) > 1:
        return None
    classes, targets = joint.first.data["classes"], joint.first.data["targets"]
    found = [read_predictions(run.folder.predictions("val"), classes, targets) for run in joint.members]
    kept = [each.take(np.argsort(each.sample_id)) for each in found if each is not None]
    probs = [each.prob for each in kept if each.prob is not None]
    if len(probs) < len(joint.members):
        return None
    return replace(kept[0], prob=joint.mean(probs))
