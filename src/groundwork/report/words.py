"""Keys and values of run files -> the words and digits that a page shows."""

from typing import Any

from groundwork.report.number import show

# A key that is not listed is shown as it is: names of packages and of columns must not change.
LABELS = {
    "cached": "stages whose output was cached",
    "checkpoint_hash": "hash of the checkpoint",
    "content_hash": "hash of the data",
    "cut": "stages that the head reads",
    "first": "first test on these rows",
    "folds": "folds that chose",
    "frozen": "frozen stages",
    "frozen_stages": "frozen stages",
    "gpus": "GPUs",
    "min_delta": "least improvement",
    "parameters": "parameters",
    "phases": "phases of training",
    "pool": "pooling of maps",
    "refit": "solved again on train and val",
    "rows": "test rows, in the ledger",
    "slurm_job": "Slurm job",
    "split_hash": "hash of the split",
    "stages": "stages of the backbone",
    "strength": "penalty",
    "strengths": "penalties that were compared",
    "trainable_parameters": "trainable parameters",
    "views": "views (flips) per image",
    "dirty": "uncommitted changes",
}
SECONDS = {
    "data": "reading and splitting",
    "features": "features of the backbone",
    "fit": "fitting",
    "report": "report",
    "total": "total",
}


def label(key: str) -> str:
    """Name a key in words."""
    return LABELS.get(key, key)


def written(value: Any) -> str:
    """Write a value: yes and no, whole numbers in groups of three digits, others with the digits that matter."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e7 else show(value)
    return str(value)
