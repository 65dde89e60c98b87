"""Cached features -> how well a head does by depth and by number of training rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.transfer.choose import Choice, Trial
from groundwork.transfer.curve import More, Probe, learning_curve


@dataclass(frozen=True)
class Evidence:
    """Hold what was measured, in plain types.

    An error is the distance of the monitored metric on val from a perfect score; for a metric to minimize, itself.

    Attributes:
        num_samples: Training rows.
        num_outputs: Classes or targets.
        error_by_stage: Of the probe that reads one stage alone, first stage first.
        error: Of the chosen probe.
        stages: What that probe reads.
        curve: (rows, error) of that probe on nested parts of the training rows, ascending.
        more: What twice the training rows would bring; None where the curve is too short.
        perfect: Score without error; 0 for a metric to minimize.
    """

    num_samples: int
    num_outputs: int
    error_by_stage: tuple[float, ...]
    error: float
    stages: tuple[int, ...]
    curve: tuple[tuple[int, float], ...]
    more: More | None
    perfect: float

    @property
    def samples_per_output(self) -> float:
        """Count training rows per class or target."""
        return self.num_samples / self.num_outputs

    @property
    def similarity(self) -> float:
        """Say by what factor, as a logarithm, the last stage errs less than the best stage before it.

        Above 0 the network's own last features suit the data best: the data resembles what it was
        trained on. Below 0 an earlier stage does.
        """
        *earlier, last = self.error_by_stage
        return math.log(positive(min(earlier, default=last)) / positive(last))


def measure(probe: Probe, choice: Choice, seed: int) -> Evidence:
    """Collect the evidence.

    Args:
        probe: Features and targets.
        choice: Of `choose_cut` over all candidates of cut=auto.
        seed: Draws the nested parts.
    """
    by_stage = [
        probe.perfect - _representative([trial for trial in choice.trials if trial.stages == (stage,)]).score
        for stage in range(len(probe.train))
    ]
    curve, more = learning_curve(probe, choice.candidate, choice.strength, seed)
    return Evidence(
        num_samples=len(probe.target),
        num_outputs=probe.num_outputs,
        error_by_stage=tuple(by_stage),
        error=probe.perfect - choice.score,
        stages=choice.candidate.stages,
        curve=curve,
        more=more,
        perfect=probe.perfect,
    )


def _representative(trials: Sequence[Trial]) -> Trial:
    """Take the trial with the lowest loss, as `choose_cut` does; the best score where no loss is known."""
    return min(trials, key=lambda trial: -trial.score if trial.loss is None else trial.loss)


def positive(error: float) -> float:
    """Keep an error away from 0, so that ratios of errors stay finite."""
    # A thousandth is finer than what a val of a thousand samples can tell.
    return max(error, 1e-3)
