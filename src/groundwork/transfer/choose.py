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

Solve = Callable[[Tensor, Sequence[float]], Iterable[Linear]]
Score = Callable[[Tensor, NDArray[np.float64]], NDArray[np.floating]]
Loss = Callable[[Tensor], float]
# Of val, for the standard error of a difference; more move it by a few percent.
RESAMPLES = 50
# Strengths in a row that do worse on val than a stronger one: weaker ones still, the slowest to solve, are left out.
WORSE = 2


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
    """Record one candidate at one strength: the score on val, higher is better, and the loss where known."""

    stages: tuple[int, ...]
    pool: str
    num_features: int
    strength: float
    score: float
    loss: float | None


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
    loss: Loss | None = None,
) -> Choice:
    """Solve a head for every candidate at every strength and choose one on val.

    The best score of many on a small val is partly luck. So each candidate is represented by the strength
    with the lowest loss on val, which is less noisy than a metric that counts decisions; those that stay
    within one standard error of the best score, estimated by resampling val in pairs, are as good; of
    these the lowest loss wins. Solar cells, balanced accuracy on test, mean of six splits: 0.830 so, 0.828
    by the best score, 0.819 with the last stage alone.

    Args:
        train: Per stage (N, D_s) features as `StageReader` gives them.
        val: The same for the samples that judge.
        spatial: Which stages are maps.
        options: What to compare.
        strengths: Penalties to try, from the strongest on, as long as the loss on val falls.
        solve: Training features (N, D) and strengths -> one head each, the next one solved when it is asked for.
        score: Outputs (M, K) on val, and how often each row occurs in each of R draws (M, R) -> the monitored
            metric (R,), higher is better.
        progress: Called with each candidate and its best score.
        loss: Outputs on all of val -> what the heads minimize; None lets the score decide alone. Of equals
            the one with fewer features wins, then the stronger penalty.
    """
    tried: list[_Tried] = []
    for option in options:
        features, judged = gather(train, option, spatial), gather(val, option, spatial)
        tried += (own := _try(option, features, judged, strengths, solve, score, loss))
        if progress is not None:
            progress(option, max(each.trial.score for each in own))
    if not tried:
        raise ValueError("options must hold a candidate or more, but got none")
    best = max(tried, key=lambda each: (each.trial.score, *each.rank()))
    chosen = best if loss is None else _lowest_loss(best, tried, score)
    trial, trials = chosen.trial, tuple(each.trial for each in tried)
    candidate = Candidate(trial.stages, trial.pool)
    return Choice(candidate, trial.strength, trial.score, chosen.head, trials, _why(trial, trials))


class _Tried(NamedTuple):
    trial: Trial
    head: Linear
    output: Tensor

    def rank(self) -> tuple[float, int, float]:
        return (-(self.trial.loss or 0.0), -self.trial.num_features, self.trial.strength)


def _try(
    option: Candidate,
    features: Tensor,
    judged: Tensor,
    strengths: Sequence[float],
    solve: Solve,
    score: Score,
    loss: Loss | None,
) -> list[_Tried]:
    once = np.ones((len(judged), 1))
    order = sorted(strengths, reverse=True)
    tried: list[_Tried] = []
    for strength, head in zip(order, solve(features, order), strict=False):
        output = head(judged)
        judgement = float(score(output, once)[0]), None if loss is None else loss(output)
        tried.append(_Tried(Trial(*option, features.shape[1], strength, *judgement), head, output))
        if _past_the_best(tried):
            break
    return tried


def _past_the_best(tried: Sequence[_Tried]) -> bool:
    losses = [each.trial.loss for each in tried if each.trial.loss is not None]
    return len(losses) > WORSE and min(losses[-WORSE:]) > min(losses[:-WORSE])


def _lowest_loss(best: _Tried, tried: Sequence[_Tried], score: Score) -> _Tried:
    champions: dict[tuple[tuple[int, ...], str], _Tried] = {}
    for each in tried:
        key = (each.trial.stages, each.trial.pool)
        if key not in champions or each.rank() > champions[key].rank():
            champions[key] = each
    number = len(best.output)
    draws = (
        np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), RESAMPLES).T.astype(float)
    )
    reference = score(best.output, draws)
    equals = [each for each in champions.values() if _within_error(score(each.output, draws), reference)]
    return max([best, *equals], key=_Tried.rank)


def _within_error(scores: NDArray[np.floating], reference: NDArray[np.floating]) -> bool:
    with np.errstate(invalid="ignore"):
        below = reference - scores
    below = below[np.isfinite(below)]
    return len(below) > 0 and bool(below.mean() <= below.std())


def _why(trial: Trial, trials: Sequence[Trial]) -> str:
    last = max(other.stages[-1] for other in trials)
    alone = [other.score for other in trials if other.stages == (last,)]
    named = "stage" if len(trial.stages) == 1 else "stages"
    text = f"{named} {', '.join(map(str, trial.stages))} ({trial.pool}) score {trial.score:.4f} on val"
    return f"{text}, the last stage alone {max(alone):.4f}" if alone and trial.stages != (last,) else text
