"""Data of a run -> suspects.csv, suspects.json and the page that shows them."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import DictConfig
from pandas import DataFrame

from groundwork.core.atomic import write_text
from groundwork.core.console import Console
from groundwork.core.run_folder import RunFolder
from groundwork.data.prepared import Prepared
from groundwork.evaluate.suspects.confident import (
    Labels,
    Probs,
    likely_labels,
    margin,
    rank,
    wrong_share,
)
from groundwork.evaluate.suspects.held_out import build_predictor, train_and_val
from groundwork.evaluate.suspects.planted import measure_planted
from groundwork.transfer import Plan


def find_suspects(
    config: DictConfig, plan: Plan, prepared: Prepared, folder: RunFolder, console: Console
) -> dict[str, Any]:
    """Rank the labels of train and val that may be wrong, and measure on planted flips how many are found.

    Args:
        config: Complete; the target has classes.
        plan: Of a scenario that trains a head on a frozen backbone.
        folder: Where suspects.csv and suspects.json are written.
    """
    with console.progress("predicting labels out of fold"):
        predict, model = build_predictor(config, plan, prepared, folder, console)
        rows = train_and_val(prepared)
        given = np.asarray(prepared.encoded[rows], dtype=np.int64)
        prob = predict(given)
        planted = measure_planted(given, len(prepared.names), predict)
    table = suspect_table(prepared, rows, prob, given)
    write_text(folder.suspects, table.to_csv(index=False, lineterminator="\n", float_format="%.4f"))
    listed, low = len(table), planted["recall_listed"]["low"]
    found = {
        "model": model,
        "n": len(rows),
        "classes": list(prepared.names),
        "accuracy": float((prob.argmax(axis=1) == given).mean()),
        "listed": listed,
        "in_train": int((table.split == "train").sum()),
        "wrong_share": wrong_share(prob, given),
        # If every suspect were wrong, and the rest of the wrong labels as well hidden as the planted ones.
        "at_most": min(1.0, listed / len(rows) / low) if low > 0 else 1.0,
        "planted": planted,
    }
    folder.write_json("suspects", found)
    return found


def suspect_table(prepared: Prepared, rows: NDArray[np.int64], prob: Probs, given: Labels) -> DataFrame:
    """List the samples that confidently belong to another class than the given one, the most suspect first."""
    likely, distance, names = (
        likely_labels(prob, given),
        margin(prob, given),
        np.array(prepared.names, dtype=object),
    )
    order = rank(prob, given)
    order = order[(likely[order] >= 0) & (likely[order] != given[order])]
    return pd.DataFrame(
        {
            "sample_id": prepared.samples.sample_id.to_numpy()[rows[order]],
            "split": prepared.split[rows[order]],
            "given": names[given[order]],
            "likely": names[likely[order]],
            "probability": prob[order, given[order]],
            "margin": distance[order],
        }
    )
