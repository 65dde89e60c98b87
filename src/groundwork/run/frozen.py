"""A frozen backbone -> its features, computed once; features -> an exact linear head, chosen on val."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from groundwork.batch import Split
from groundwork.model import Network, weights_hash
from groundwork.run.machine.precision import evaluation_precision
from groundwork.run.prepare import Prepared
from groundwork.run.screen import Screen
from groundwork.run.setting import Setting
from groundwork.transfer import (
    Candidate,
    Choice,
    FeatureCache,
    Linear,
    Plan,
    Score,
    StageReader,
    candidates,
    choose_cut,
    feature_key,
    gather,
    head_loss,
    solve_head,
)

Stages = list[NDArray[np.float32]]


@dataclass(frozen=True)
class StageFeatures:
    """Hold the pooled features of every stage of a frozen backbone.

    Attributes:
        train: Per stage (N, D_s); the views of the training images one after the other.
        val: Per stage (M, D_s), of the images as they are.
        spatial: Which stages are maps.
        views: Number of views in `train`.
    """

    train: Stages
    val: Stages
    spatial: tuple[bool, ...]
    views: int

    def of(self, split: Split, candidate: Candidate) -> NDArray[np.float32]:
        """Join what a candidate reads, (N, D); of train the first view only."""
        if split == "train":
            return self.views_of(candidate)[0]
        return gather(self.val, candidate, self.spatial).numpy()

    def views_of(self, candidate: Candidate) -> list[NDArray[np.float32]]:
        """Join what a candidate reads of the training images, (N, D) for each view."""
        return np.split(gather(self.train, candidate, self.spatial).numpy(), self.views)


def view_readers(
    config: DictConfig,
    network: Network,
    prepared: Prepared,
    plan: Plan,
    device: torch.device,
    stage: int | None = None,
) -> Iterator[tuple[NDArray[np.int64], dict[str, object], StageReader]]:
    """Give for each view of a plan the rows that it is read of, what its numbers depend on, and who reads them.

    The first view is read of training and val rows, the others of training rows; none of test.

    Args:
        stage: See `StageReader`.
    """
    train, val = prepared.rows["train"], prepared.rows["val"]
    precision = evaluation_precision(config)
    known = {
        "weights": weights_hash(network.backbone),
        "normalize": weights_hash(network.normalize),
        "model": config.model.name,
        "content": prepared.content_hash,
        "precision": str(precision).removeprefix("torch."),
    }
    network.to(device)
    for symmetry in range(plan.views):
        rows = train if symmetry else np.concatenate([train, val])
        reader = StageReader(network, prepared.source.batch, device, precision, symmetry, stage)
        yield rows, {**known, "symmetry": symmetry}, reader


def read_features(
    config: DictConfig, network: Network, prepared: Prepared, plan: Plan, device: torch.device, screen: Screen
) -> StageFeatures:
    """Run the backbone over train and val, and over nothing else, unless the cache knows them already."""
    folder, cap_gb = Path(config.paths.cache) / "features", config.paths.cache_gb
    parts: list[Stages] = []
    for rows, known, reader in view_readers(config, network, prepared, plan, device):
        cache = FeatureCache(folder, feature_key(**known), config.data.batch_size, cap_gb)
        with screen.progress("features of the frozen backbone", "images") as bar:
            parts.append(cache.features(rows, reader, bar))
    count = len(prepared.rows["train"])
    views = [[stage[:count] for stage in part] for part in parts]
    stacked = [np.concatenate(stage) for stage in zip(*views, strict=True)]
    val = [stage[count:] for stage in parts[0]]
    return StageFeatures(stacked, val, tuple(network.stem.spatial), plan.views)


def choose_head(
    setting: Setting, network: Network, features: StageFeatures, plan: Plan, device: torch.device
) -> Choice:
    """Solve a linear head at every cut, pooling and strength that the plan allows, and keep the best on val."""
    prepared = setting.prepared
    options = candidates(plan.pool, plan.cut, features.spatial)
    target = scaled_target(network, np.tile(prepared.targets("train"), _repeats(prepared, plan)))
    weights = loss_weights(setting)
    truth = prepared.targets("val")

    def solve(inputs: Tensor, strengths: Sequence[float]) -> Iterator[Linear]:
        moved = None if weights is None else weights.to(device)
        heads = solve_head(inputs.to(device), target.to(device), len(prepared.names), strengths, moved)
        return (Linear(head.weight.cpu(), head.bias.cpu()) for head in heads)

    def loss(output: Tensor) -> float:
        return head_loss(output, scaled_target(network, truth), weights)

    done = [0]
    with setting.screen.progress("solving linear heads", "cuts") as bar:

        def advance(_: Candidate, best: float) -> None:
            done[0] += 1
            bar(done[0], len(options))

        choice = choose_cut(
            features.train,
            features.val,
            features.spatial,
            options,
            plan.strengths,
            solve,
            score_on_val(setting, network, device),
            advance,
            loss,
        )
    # Where less is better, scores are the metric with a minus, which people need not read.
    less = setting.direction == "min"
    return replace(choice, why=choice.why.replace(" -", " ")) if less else choice


def loss_weights(setting: Setting) -> Tensor | None:
    """Give the weights of the classes, (K,) float32; None where all count alike."""
    weights = setting.class_weights
    return None if weights is None else torch.as_tensor(weights, dtype=torch.float32)


def score_on_val(setting: Setting, network: Network, device: torch.device) -> Score:
    """Give the function that `choose_cut` judges heads by; -inf where the monitored metric is undefined."""
    prepared, metrics, monitor = setting.prepared, setting.metrics, setting.config.monitor
    sign = 1.0 if setting.direction == "max" else -1.0
    truth = prepared.targets("val")

    def score(output: Tensor, draws: NDArray[np.float64]) -> NDArray[np.floating]:
        prediction = network.decode(output.to(device)).cpu().numpy()
        values = sign * metrics.resampled(monitor, prediction, truth, prepared.names, draws)
        return np.where(np.isfinite(values), values, -np.inf)

    return score


def scaled_target(network: Network, target: NDArray[Any]) -> Tensor:
    """Turn targets into what the head's output is compared with: classes as they are, values scaled."""
    tensor = torch.as_tensor(target)
    if tensor.ndim == 1:
        return tensor
    head: Any = network.head
    scaled: Tensor = head.scale_target(tensor.to(head.center.device))
    return scaled.cpu()


def set_head(network: Network, head: Linear) -> None:
    """Write a solved head into a network."""
    linear: Any = network.head
    with torch.no_grad():
        linear.linear.weight.copy_(head.weight)
        linear.linear.bias.copy_(head.bias)


def strength_history(choice: Choice, monitor: str, direction: str) -> list[dict[str, Any]]:
    """List the score on val by cut and strength, as rows of `history.csv`; `kept` marks the head of the run."""
    sign = 1.0 if direction == "max" else -1.0
    kept = (choice.candidate.stages, choice.candidate.pool, choice.strength)
    return [
        {
            "cut": "+".join(map(str, trial.stages)),
            "pool": trial.pool,
            "num_features": trial.num_features,
            "strength": trial.strength,
            f"val/{monitor}": sign * trial.score,
            "kept": (trial.stages, trial.pool, trial.strength) == kept,
        }
        for trial in choice.trials
    ]


def _repeats(prepared: Prepared, plan: Plan) -> tuple[int, ...]:
    return (plan.views,) if prepared.encoded.ndim == 1 else (plan.views, 1)
