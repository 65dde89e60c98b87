"""Which stages a linear head should read, and how strong its penalty should be."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from groundwork.transfer.attempts import Attempt, Attempts
from groundwork.transfer.candidates import Candidate
from groundwork.transfer.spectrum import Linear

Score = Callable[[Tensor, NDArray[np.float64]], NDArray[np.floating]]
Loss = Callable[[Tensor], float]
# Of val, for the standard error of a difference; more move it by a few percent.
RESAMPLES = 50
# Strengths in a row that do worse on val than a stronger one: weaker ones still, the slowest to solve, are left out.
WORSE = 2


@dataclass(frozen=True)
class Trial:
    """Record one candidate at one strength: the score, higher is better, and the loss where known."""

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
        score: Of the rows that judged.
        head: On the raw features of the candidate, stages in order.
        trials: All candidates at all strengths.
        why: One sentence.
        output: Of the rows that judged, (M, K).
    """

    candidate: Candidate
    strength: float
    score: float
    head: Linear
    trials: tuple[Trial, ...]
    why: str
    output: Tensor


def choose_cut(
    options: Iterable[Candidate],
    attempts: Attempts,
    score: Score,
    loss: Loss | None = None,
    progress: Callable[[Candidate, float], None] | None = None,
    judge: str = "on val",
) -> Choice:
    """Solve a head for every candidate at every strength and choose one.

    The best score of many on few judging rows is partly luck. So each candidate is represented by the strength
    with the lowest loss, which is less noisy than a metric that counts decisions; those that stay
    within one standard error of the best score, estimated by resampling the judging rows in pairs, are as good; of
    these the lowest loss wins. Solar cells, balanced accuracy on test, mean of six splits: 0.830 so, 0.828
    by the best score, 0.819 with the last stage alone.

    Args:
        options: What to compare.
        attempts: `HeldOut` or `OutOfFold`; a candidate is left when weaker penalties only raise the loss.
        score: Outputs (M, K) of the rows that judge, and how often each row occurs in each of R draws (M, R) -> the
            monitored metric (R,), higher is better.
        loss: Outputs of the rows that judge -> what the heads minimize; None lets the score decide alone. Of equals
            the one with fewer features wins, then the stronger penalty.
        progress: Called with each candidate and its best score.
        judge: How to say where scores are from.
    """
    trials: list[Trial] = []
    kept: list[_Tried] = []  # of each candidate the best score and the lowest loss alone: outputs are large
    for option in options:
        tried = _try(option, attempts(option), score, loss)
        trials += [each.trial for each in tried]
        kept += [max(tried, key=_Tried.by_score), max(tried, key=_Tried.rank)]
        if progress is not None:
            progress(option, max(each.trial.score for each in tried))
    if not kept:
        raise ValueError("options must hold a candidate or more, but got none")
    best = max(kept, key=_Tried.by_score)
    chosen = best if loss is None else _lowest_loss(best, kept, score)
    trial = chosen.trial
    candidate = Candidate(trial.stages, trial.pool)
    why = _why(trial, trials, judge)
    return Choice(candidate, trial.strength, trial.score, chosen.head(), tuple(trials), why, chosen.output)


class _Tried(NamedTuple):
    trial: Trial
    head: Callable[[], Linear]
    output: Tensor

    def rank(self) -> tuple[float, int, float]:
        return (-(self.trial.loss or 0.0), -self.trial.num_features, self.trial.strength)

    def by_score(self) -> tuple[float, ...]:
        return (self.trial.score, *self.rank())


def _try(option: Candidate, attempts: Iterable[Attempt], score: Score, loss: Loss | None) -> list[_Tried]:
    tried: list[_Tried] = []
    for strength, num_features, output, head in attempts:
        once = np.ones((len(output), 1))
        judgement = float(score(output, once)[0]), None if loss is None else loss(output)
        tried.append(_Tried(Trial(*option, num_features, strength, *judgement), head, output))
        if past_the_best([each.trial.loss for each in tried if each.trial.loss is not None]):
            break
    return tried


def past_the_best(losses: Sequence[float]) -> bool:
    """Say whether the last strengths, from strong to weak, did worse than one before."""
    return len(losses) > WORSE and min(losses[-WORSE:]) > min(losses[:-WORSE])


def _lowest_loss(best: _Tried, tried: Sequence[_Tried], score: Score) -> _Tried:
    champions: dict[tuple[tuple[int, ...], str], _Tried] = {}
    for each in tried:
        key = (each.trial.stages, each.trial.pool)
        if key not in champions or each.rank() > champions[key].rank():
            champions[key] = each
    draws = _draws(len(best.output))
    reference = score(best.output, draws)
    equals = [each for each in champions.values() if _within_error(score(each.output, draws), reference)]
    return max([best, *equals], key=_Tried.rank)


def simplest(simple: Choice, best: Choice, score: Score, losses: Callable[[Tensor], Tensor]) -> Choice:
    """Take the simpler of two heads, unless score or loss tells them apart by more than one standard error.

    The loss sees differences that a metric which counts decisions does not.

    Args:
        simple: Of fewer features.
        best: Chosen among all.
        score: See `choose_cut`.
        losses: Outputs of the rows that judge -> loss of each (M,), NaN where it is unknown.
    """
    draws = _draws(len(best.output))
    more = losses(simple.output) - losses(best.output)
    more = more[~more.isnan()].double()
    close = bool(more.mean() <= more.std() / len(more) ** 0.5) if len(more) > 1 else True
    return simple if close and _within_error(score(simple.output, draws), score(best.output, draws)) else best


def _draws(number: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    return rng.multinomial(number, np.full(number, 1 / number), RESAMPLES).T.astype(float)


def standard_error(simple: Choice, best: Choice, score: Score) -> float:
    """Say how far the difference of two scores may be luck of the judging rows; NaN where no draw defines both."""
    draws = _draws(len(best.output))
    below = _below(score(simple.output, draws), score(best.output, draws))
    return float(below.std()) if len(below) else float("nan")


def _within_error(scores: NDArray[np.floating], reference: NDArray[np.floating]) -> bool:
    below = _below(scores, reference)
    return len(below) > 0 and bool(below.mean() <= below.std())


def _below(scores: NDArray[np.floating], reference: NDArray[np.floating]) -> NDArray[np.floating]:
    with np.errstate(invalid="ignore"):
        below = reference - scores
    return below[np.isfinite(below)]


def _why(trial: Trial, trials: Sequence[Trial], judge: str) -> str:
    last = max(other.stages[-1] for other in trials)
    alone = [other.score for other in trials if other.stages == (last,)]
    named = "stage" if len(trial.stages) == 1 else "stages"
    text = f"{named} {', '.join(map(str, trial.stages))} ({trial.pool}) score {trial.score:.4f} {judge}"
    return f"{text}, the last stage alone {max(alone):.4f}" if alone and trial.stages != (last,) else text
