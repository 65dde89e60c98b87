"""Predictions of val -> whether what trained beats the best frozen head and guessing, and how that is said."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundwork.metrics import Scores
from groundwork.train.advice.decide import Verdict, beats_guessing, decide, guessed
from groundwork.train.advice.heads import Frozen
from groundwork.train.advice.race import Runner
from groundwork.train.context import Context
from groundwork.transfer.advise import spoken


class Judge:
    """Compare what trained with the best frozen head and with guessing, on the rows of val.

    Args:
        context: Of the run.
        frozen: The best frozen head.
    """

    def __init__(self, context: Context, frozen: Frozen):
        prepared = context.prepared
        self.context, self.truth, self.names = context, prepared.targets("val"), prepared.names
        self.metric, self.sign = context.config.monitor, context.sign
        self.group = prepared.group("val")
        self.prediction, self.frozen = frozen.prediction, self.scores(frozen.prediction)
        self.guess = guessed(prepared.targets("train"), len(self.truth), len(self.names))
        self.known = self.metric, self.sign
        if not np.isfinite(self.score(self.guess)):  # a constant has none: by another metric
            self.known = ("balanced_accuracy", 1.0) if self.truth.ndim == 1 else ("mse", -1.0)
            if prepared.target.has_labels:
                self.known = ("log_loss", -1.0)

    def scores(self, prediction: NDArray[np.floating], metric: str | None = None) -> Scores:
        """Measure one metric alone, the monitor if none is named."""
        return self.context.metrics.scores(prediction, self.truth, self.names, only=metric or self.metric)

    def value(self, scores: Scores) -> float:
        """Give the monitor on all rows."""
        return float(scores.at(np.ones((len(self.truth), 1)))[self.metric][0])

    def score(self, prediction: NDArray[np.floating]) -> float:
        """Give the monitor, more being better."""
        return self.sign * self.value(self.scores(prediction))

    def __call__(self, runner: Runner, raced: Sequence[Runner]) -> Verdict:
        """Hold the best of the race against the frozen head and guessing."""
        known = [each for each in raced if each.best is not None]
        best, chosen = [each.predictions[each.best or 0] for each in known], known.index(runner)
        every = [self.scores(each) for each in best]
        guesses = not self.beats_guessing(best, chosen)
        return decide(every, chosen, self.frozen, self.metric, self.sign, guesses, self.group)

    def hopeless(self, runner: Runner, raced: Sequence[Runner]) -> bool:
        """Tell whether the best is clearly worse than the frozen head."""
        return self(runner, raced).hopeless

    def frozen_beats_guessing(self) -> bool:
        """Tell whether the frozen head learned anything that val can show."""
        return self.beats_guessing([self.prediction], 0)

    def beats_guessing(self, predictions: Sequence[NDArray[np.floating]], chosen: int) -> bool:
        """Tell whether one of several does better than the same prediction for all rows."""
        metric, sign = self.known
        scores = [self.scores(each, metric) for each in (*predictions, self.guess)]
        return beats_guessing(scores[:-1], chosen, scores[-1], metric, sign, self.group)

    def difference(self, winner: Runner, verdict: Verdict) -> dict[str, Any]:
        """Give what training gained over the frozen head, and its standard error."""
        gain = {"difference": self.sign * verdict.gain, "error": verdict.error}
        return {"name": winner.name, "against": "the frozen head", **gain}

    def sentence(self, winner: Runner, raced: Sequence[Runner], verdict: Verdict) -> str:
        """Say what the race came to."""
        gain, took = self.sign * verdict.gain, sum(each.seconds for each in raced)
        found = (
            f"{winner.name} reached {self.metric} {self.sign * winner.value:.4f} on val, the frozen head "
            f"{self.value(self.frozen):.4f}: {gain:+.4f}, one standard error after {len(raced)} raced is "
            f"{verdict.error:.4f} ({spoken(took)})"
        )
        if verdict.pays:
            return f"{found}; so training is taken"
        return f"{found}; {'it does not beat guessing' if verdict.guesses else 'so the frozen head serves'}"
