"""Data of a run -> what models say of the labels of train and val that they did not learn from."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.errors import UserError
from groundwork.core.run_folder import RunFolder
from groundwork.data import Store, TableSource
from groundwork.data.prepared import Prepared
from groundwork.evaluate.baseline_models import SplitData, fit_baselines
from groundwork.evaluate.baselines import small_pixels
from groundwork.evaluate.suspects.confident import Labels, Probs
from groundwork.evaluate.suspects.heads import Heads
from groundwork.train.build import build_pretrained, describe_data
from groundwork.train.frozen.features import read_features
from groundwork.train.frozen.folds import draw_folds
from groundwork.train.machine.device import choose_device
from groundwork.train.warm import read_warm
from groundwork.transfer import Plan

NUM_FOLDS = 5
SIDE = 16  # pixels of a small picture, where no pretrained network reads the images
Predict = Callable[[Labels], Probs]


def train_and_val(prepared: Prepared) -> NDArray[np.int64]:
    """Name the rows whose labels are looked at, train first; none of test."""
    return np.concatenate([prepared.rows["train"], prepared.rows["val"]])


def build_predictor(
    config: DictConfig, plan: Plan, prepared: Prepared, folder: RunFolder, console: Console
) -> tuple[Predict, str]:
    """Choose the model that predicts the given labels best out of fold.

    Exact linear heads on a cut of a pretrained network; else a linear model on small pictures; for tables a linear
    model and gradient boosting.

    Returns:
        Labels (N,) of `train_and_val` -> probabilities (N, K) by five folds, and which model it is.
    """
    fold = draw_folds(prepared, NUM_FOLDS, config.split.get("seed", 0), 10)
    if isinstance(prepared.source, TableSource) or not config.model.pretrained:
        return _ladder(prepared, fold)
    return _heads(config, plan, prepared, fold, folder, console)


def _ladder(prepared: Prepared, fold: NDArray[np.int64]) -> tuple[Predict, str]:
    rows, names = train_and_val(prepared), prepared.names
    if isinstance(prepared.source, TableSource):
        inputs, kind = prepared.source.array.numpy()[rows], "table"
    elif isinstance(prepared.source, Store):
        inputs, kind = small_pixels(prepared.source.images, rows, SIDE), "image"
    else:
        raise UserError(
            "suspects=true must find images in memory, but they are streamed. Use model.pretrained=true."
        )

    def fit(labels: Labels, only: str | None = None) -> dict[str, Probs]:
        found: dict[str, Probs] = {}
        for each in np.unique(fold):
            held = fold == each
            learned, judged = (SplitData(inputs[part], labels[part]) for part in (~held, held))
            fitted = fit_baselines(
                "classification",
                learned,
                judged,
                names,
                kind="table" if kind == "table" else "image",
                categorical=prepared.codes,
                only=only,
            )
            for name, one in fitted.items():
                found.setdefault(name, np.zeros((len(rows), len(names))))[held] = one.prediction
        return found

    given = np.asarray(prepared.encoded[rows])
    tried = {name: log_loss(prob, given) for name, prob in fit(given).items() if name != "majority"}
    best = min(tried, key=lambda name: tried[name])
    return (lambda labels: fit(labels, best)[best]), best.replace("_", " ")


def _heads(
    config: DictConfig,
    plan: Plan,
    prepared: Prepared,
    fold: NDArray[np.int64],
    folder: RunFolder,
    console: Console,
) -> tuple[Predict, str]:
    device, once = choose_device(config), replace(plan, views=1, refit=False, folds=1)
    own = isinstance(config.model.pretrained, str)
    warm = read_warm(RunFolder.furnish(folder.path), config) if own else None
    network = build_pretrained(config, describe_data(config, prepared, warm), warm)
    features = read_features(config, network, prepared, once, device, console)
    heads = Heads(features, fold, len(prepared.names), device)
    given = np.asarray(prepared.encoded[train_and_val(prepared)], dtype=np.int64)
    head = heads.choose(given, plan.pool, plan.cut, plan.strengths, console)
    cut = "+".join(map(str, head.candidate.stages))
    return (lambda labels: heads.predict(labels, head)), f"exact head on stage {cut} of {config.model.name}"


def log_loss(prob: Probs, given: Labels) -> float:
    """Average the negative logarithm of the probability of the given labels."""
    own = prob[np.arange(len(given)), given]
    return float(-np.log(np.maximum(own, 1e-12)).mean())
