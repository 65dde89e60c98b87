"""Predictions of a whole split -> its table, metrics, intervals and baselines."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from groundwork.core.atomic import write_bytes
from groundwork.core.batch import Split
from groundwork.core.run_folder import RunFolder
from groundwork.data import Store, TableSource
from groundwork.metrics import ClassificationMetrics
from groundwork.train.metrics import Metrics
from groundwork.train.prepare import Prepared

BOOTSTRAP_SEED = 0  # intervals depend on the predictions alone, not on the seed of the run
BASELINE_SIDE = 16  # pixels per side of the images that the linear baseline reads


def decide(prediction: NDArray[np.float32], metrics: Metrics, classes: Sequence[str]) -> NDArray[Any]:
    """Turn predictions into decisions: class names, or the values as they are.

    Args:
        prediction: (N, K) probabilities or (N, T) values.
        metrics: Of the run, with the threshold that decides between two classes.
        classes: K names; none for regression.
    """
    if isinstance(metrics, ClassificationMetrics):
        return np.array([classes[int(k)] for k in metrics.decide(prediction, classes)], dtype=object)
    return prediction


def write_predictions(
    folder: RunFolder, split: Split, prediction: NDArray[np.float32], metrics: Metrics, prepared: Prepared
) -> None:
    """Write one row per sample of a split."""
    rows = prepared.rows[split]
    table: dict[str, Any] = {"sample_id": prepared.samples.sample_id.iloc[rows].to_numpy()}
    if prepared.samples.group is not None:
        table["group"] = prepared.samples.group.iloc[rows].to_numpy()
    decision, truth = decide(prediction, metrics, prepared.target.classes), prepared.targets(split)
    if prepared.target.task == "classification":
        classes = np.array(prepared.target.classes, dtype=object)
        table |= {"target": classes[truth], "prediction": decision}
        table |= {f"prob/{name}": prediction[:, k] for k, name in enumerate(classes)}
    elif len(prepared.names) == 1:
        table |= {"target": truth[:, 0], "prediction": decision[:, 0]}
    else:
        table |= {f"target/{name}": truth[:, t] for t, name in enumerate(prepared.names)}
        table |= {f"prediction/{name}": decision[:, t] for t, name in enumerate(prepared.names)}
    buffer = io.BytesIO()
    pd.DataFrame(table).to_parquet(buffer, index=False)
    write_bytes(folder.predictions(split), buffer.getbuffer())


def measure(
    prediction: NDArray[np.float32], split: Split, metrics: Metrics, prepared: Prepared
) -> dict[str, dict[str, float]]:
    """Compute every metric of a split with its 95 % interval: name -> value, low, high."""
    return metrics.intervals(
        prediction, prepared.targets(split), prepared.names, group=prepared.group(split), seed=BOOTSTRAP_SEED
    )


def measure_baselines(metrics: Metrics, monitor: str, prepared: Prepared) -> dict[str, dict[str, float]]:
    """Fit the baselines on train and measure them on val; none where images are streamed.

    Where the threshold is chosen on val, each baseline has its own chosen there, too.
    """
    from groundwork.evaluate.baselines import Part, baselines  # scikit-learn: not before training

    train, val = _baseline_inputs(prepared, "train"), _baseline_inputs(prepared, "val")
    if train is None or val is None:
        return {}
    columns = () if prepared.columns is None else prepared.columns.columns
    return baselines(
        prepared.target.task,
        Part(train, prepared.targets("train")),
        Part(val, prepared.targets("val")),
        prepared.names,
        lambda *split: with_threshold(metrics, monitor, *split)[0](*split),
        kind=prepared.samples.kind,
        categorical=[number for number, column in enumerate(columns) if column.kind == "categorical"],
        seed=0,
    )


def _baseline_inputs(prepared: Prepared, split: Split) -> NDArray[Any] | None:
    """Take the columns of a table, or small versions of the images."""
    rows = prepared.rows[split]
    if isinstance(prepared.source, TableSource):
        return prepared.source.array.numpy()[rows]
    if isinstance(prepared.source, Store):
        from groundwork.evaluate.baselines import small_pixels  # as above

        return small_pixels(prepared.source.images, rows, BASELINE_SIDE)
    return None


def values(measured: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Keep the value of every metric."""
    return {name: interval["value"] for name, interval in measured.items()}


def with_threshold(
    metrics: Metrics,
    monitor: str,
    prediction: NDArray[np.floating],
    target: NDArray[Any],
    names: Sequence[str],
) -> tuple[Metrics, str]:
    """Choose the decision threshold on val where it is "auto"; a line tells it, and is empty elsewhere."""
    if not isinstance(metrics, ClassificationMetrics) or metrics.threshold != "auto":
        return metrics, ""
    chosen, criterion = metrics.choose(prediction, target, names, monitor)
    positive = metrics.positive or names[-1]
    return chosen, (
        f"{positive} is decided from probability {chosen.threshold:.4g} on, which makes {criterion} on val largest: "
        f"what follows from decisions is optimistic on val, not on a sealed test"
    )
