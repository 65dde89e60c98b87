"""`task.target_scale` -> the scale on which a network learns its targets, and the mean that predictions are."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig

from groundwork.core.console import Console
from groundwork.core.ranks import from_first
from groundwork.data import TableSource, fit_target_scale
from groundwork.data.prepared import Prepared
from groundwork.model import Network, QuantileHead, TargetScale
from groundwork.train.context import Context
from groundwork.train.predict import predict_rows

SCALES = ("none", "log", "quantile")
FOLDS = 3
SKEWED = 1.0  # skewness of a target from which another scale is tried
GAIN = 0.01  # share of the error by which another scale must be better
MOST_ROWS = 20_000  # of train that the folds read


def settle_target_scale(config: DictConfig, prepared: Prepared, console: Console) -> dict[str, Any] | None:
    """Measure the scale that the configuration names on train; None for the values as they are.

    `auto` is settled in place: gradient boosting tries each scale by folds of train, so that val chooses nothing.
    """
    wanted = config.task.get("target_scale") or "none"
    if wanted == "none" or prepared.target.task != "regression":
        return None
    if wanted == "auto":
        wanted = from_first(lambda: _choose(config, prepared, console))
        config.task.target_scale = wanted
    if wanted == "none":
        return None
    values = prepared.targets("train").astype(np.float64)
    return fit_target_scale(values, "log" if wanted == "log" else "quantile", prepared.names)


def predict_means(run: Context, network: Network) -> bool:
    """Let the head predict means in original units, by the residuals of train; tell whether its scale asks for that.

    What val chose among becomes means, too, so that it is compared with the same.
    """
    scale = getattr(network.head, "target_scale", None)
    if scale is None or isinstance(network.head, QuantileHead):  # quantiles of y as they are, no means
        return False
    prepared, tried = run.prepared, run.tried
    scale.residuals.zero_()
    rows, title = prepared.rows["train"], "predicting train"
    found = predict_rows(run.config, network, prepared.inputs, rows, run.device, run.console, title)
    scale.to("cpu").learn_residuals(torch.from_numpy(found), torch.from_numpy(prepared.targets("train")))
    tried.predictions[:] = [scale.smeared(torch.from_numpy(each)).numpy() for each in tried.predictions]
    scale.to(run.device)
    run.note_once(
        f"task.target_scale={scale.method}: predictions are means in original units, by Duan's smearing over the "
        f"residuals of train; all metrics are in original units"
    )
    return True


def _choose(config: DictConfig, prepared: Prepared, console: Console) -> str:
    values = prepared.targets("train").astype(np.float64)
    skew = max(abs(_skewness(column[~np.isnan(column)])) for column in values.T)
    plain = config.task.get("activation") in (None, "none")
    if not isinstance(prepared.source, TableSource) or skew < SKEWED or not plain or values.shape[1] > 1:
        return "none"
    known = ~np.isnan(values[:, 0])
    rows = np.flatnonzero(known)[:: max(1, int(known.sum()) // MOST_ROWS)]
    inputs = prepared.source.array.numpy()[prepared.rows["train"][rows]]
    errors = {
        name: cross_validated_error(inputs, values[rows, 0], name)
        for name in SCALES
        if name != "log" or values[rows].min() >= 0
    }
    best = min(errors, key=lambda name: errors[name])
    chosen = best if errors[best] < (1 - GAIN) * errors["none"] else "none"
    tried = ", ".join(f"{name} {error:.4g}" for name, error in errors.items())
    console.say(f"task.target_scale={chosen}: RMSE of gradient boosting by {FOLDS} folds of train: {tried}")
    return chosen


def cross_validated_error(inputs: NDArray[Any], target: NDArray[np.float64], method: Any) -> float:
    """Measure the RMSE of gradient boosting that learns on a scale and predicts means, by folds.

    Args:
        inputs: (N, D) rows as `encode_columns` gives them.
        target: (N,) in original units.
        method: none, log or quantile.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # not before data is known to be right
    from sklearn.model_selection import KFold

    fold, found = np.empty(len(target), dtype=int), torch.empty(len(target), 1, dtype=torch.float64)
    values, scales = torch.from_numpy(target)[:, None], []
    for number, (train, test) in enumerate(KFold(FOLDS, shuffle=True, random_state=0).split(inputs)):
        fold[test] = number
        scale = (
            None if method == "none" else TargetScale(fit_target_scale(target[train, None], method, ("",)))
        )
        known = values[train] if scale is None else scale(values[train])
        model = HistGradientBoostingRegressor(random_state=0).fit(inputs[train], known[:, 0].numpy())
        predicted = torch.from_numpy(model.predict(inputs[test]))[:, None]
        found[test] = predicted if scale is None else scale.inverse(predicted)
        scales.append(scale)
    for number, scale in enumerate(scales):
        if (
            scale is not None
        ):  # means by the residuals of the other folds, which no model of theirs learned from
            scale.learn_residuals(found[fold != number], values[fold != number])
    means = [found if scale is None else scale.smeared(found) for scale in scales]
    error = torch.stack(means)[torch.from_numpy(fold), torch.arange(len(target)), 0] - values[:, 0]
    return float(error.square().mean().sqrt())


def _skewness(values: NDArray[np.float64]) -> float:
    deviation = values.std()
    return float((((values - values.mean()) / deviation) ** 3).mean()) if deviation > 0 else 0.0
