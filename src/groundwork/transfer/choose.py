"""Which stages a linear head should read, and how strong its penalty should be, judged on val."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groundwork.batch import UserError
from groundwork.model.pool import Pooling
from groundwork.transfer.extract import KINDS, take_pool
from groundwork.transfer.spectrum import Linear

Solve = Callable[[Tensor, Sequence[float]], list[Linear]]
Score = Callable[[Tensor, NDArray[np.int64]], float]


class Candidate(NamedTuple):
    """Name what a head reads: stages counted from 0, and how each map is pooled."""

    stages: tuple[int, ...]
    pool: str

    @property
    def kinds(self) -> tuple[Pooling, ...]:
        """Give the statistics that a StagePool joins."""
        return KINDS[self.pool]


@dataclass(frozen=True)
class Trial:
    """Record the score on val of one candidate at one strength."""

    stages: tuple[int, ...]
    pool: str
    num_features: int
    strength: float
    score: float


@dataclass(frozen=True)
class Choice:
    """Hold the head that was chosen, with everything that it was compared with.

    Attributes:
        candidate: What the head reads.
        strength: Of its penalty.
        score: On val.
        head: On the raw features of the candidate, stages in order.
        trials: All candidates at all strengths.
        why: One sentence.
    """

    candidate: Candidate
    strength: float
    score: float
    head: Linear
    trials: tuple[Trial, ...]
    why: str

    def table(self) -> list[dict[str, object]]:
        """Return the trials as plain rows."""
        return [asdict(trial) for trial in self.trials]


def candidates(pool: str, cut: str | int | Sequence[int], spatial: Sequence[bool]) -> list[Candidate]:
    """List what a head could read.

    Args:
        pool: "mean", "max", "mean_max", or "auto" for mean and mean_max.
        cut: "last", a stage, a list of stages, or "auto": each stage, neighbors in pairs, the last three.
        spatial: For each stage of the backbone, whether it is a map that can be pooled.
    """
    num_stages = len(spatial)
    if cut == "auto":
        chosen: list[tuple[int, ...]] = [(stage,) for stage in range(num_stages)]
        chosen += [(stage, stage + 1) for stage in range(num_stages - 1)]
        chosen += [tuple(range(num_stages - 3, num_stages))] if num_stages > 3 else []
    elif cut == "last":
        chosen = [(num_stages - 1,)]
    else:
        listed = [int(cut)] if isinstance(cut, int | str) else list(cut)
        if not listed or not all(-num_stages <= stage < num_stages for stage in listed):
            raise UserError(
                f"transfer.cut must name stages below {num_stages}, but got {cut}. Change it, or use auto."
            )
        chosen = [tuple(sorted({stage % num_stages for stage in listed}))]
    pools = ["mean", "mean_max"] if pool == "auto" else [pool]
    return [
        Candidate(stages, each)
        for stages in chosen
        for each in (pools if any(spatial[stage] for stage in stages) else pools[:1])
    ]


def gather(stages: Sequence[NDArray[np.float32]], candidate: Candidate, spatial: Sequence[bool]) -> Tensor:
    """Join the columns that a candidate reads into (N, D)."""
    parts = [take_pool(stages[stage], candidate.pool, spatial[stage]) for stage in candidate.stages]
    return torch.from_numpy(np.ascontiguousarray(np.concatenate(parts, axis=1)))


def choose_cut(
    train: Sequence[NDArray[np.float32]],
    val: Sequence[NDArray[np.float32]],
    spatial: Sequence[bool],
    options: Iterable[Candidate],
    strengths: Sequence[float],
    solve: Solve,
    score: Score,
    progress: Callable[[Candidate, float], None] | None = None,
) -> Choice:
    """Solve a head for every candidate at every strength and keep the best on val.

    Neighboring strengths should score alike, so that a lone peak is noise: strengths are compared by
    the mean of their score and those of their neighbors. Of equal scores the one with fewer features
    wins, then the stronger penalty.

    Args:
        train: Per stage (N, D_s) features as `StageReader` gives them.
        val: The same for the samples that judge.
        spatial: Which stages are maps.
        options: What to compare.
        strengths: Penalties to try.
        solve: Training features (N, D) and strengths -> one head each.
        score: Outputs (M, K) for the val rows (M,) -> the monitored metric, higher is better.
        progress: Called with each candidate and its best score.
    """
    rows = np.arange(len(val[0]))
    order = sorted(strengths)
    trials: list[Trial] = []
    best: tuple[tuple[float, int, float], Trial, Linear] | None = None
    for option in options:
        features, judged = gather(train, option, spatial), gather(val, option, spatial)
        heads = solve(features, order)
        scores = [score(head(judged), rows) for head in heads]
        smooth = _smooth(scores)
        for strength, value, head, level in zip(order, scores, heads, smooth, strict=True):
            trial = Trial(option.stages, option.pool, features.shape[1], strength, value)
            trials.append(trial)
            rank = (round(level, 12), -features.shape[1], strength)
            if best is None or rank > best[0]:
                best = (rank, trial, head)
        if progress is not None:
            progress(option, max(scores))
    if best is None:
        raise ValueError("options must hold a candidate or more, but got none")
    _, trial, head = best
    chosen = Candidate(trial.stages, trial.pool)
    return Choice(chosen, trial.strength, trial.score, head, tuple(trials), _why(trial, trials))


def _smooth(scores: Sequence[float]) -> list[float]:
    return [float(np.mean(scores[max(0, i - 1) : i + 2])) for i in range(len(scores))]


def _why(trial: Trial, trials: Sequence[Trial]) -> str:
    last = max(other.stages[-1] for other in trials)
    alone = [other.score for other in trials if other.stages == (last,)]
    named = "stage" if len(trial.stages) == 1 else "stages"
    text = (
        f"{named} {', '.join(map(str, trial.stages))} pooled by {trial.pool} score {trial.score:.4f} on val"
    )
    return f"{text}, the last stage alone {max(alone):.4f}" if alone and trial.stages != (last,) else text
