"""Evidence -> which scenario to take, what to expect of it, and what would change the advice."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from groundwork.transfer.calibration import Measured, headroom, predict_gains
from groundwork.transfer.evidence import Evidence

# What each scenario costs next to the others: of equal expectations the cheaper one is recommended.
COST = ("small_similar", "small_different", "large_similar", "large_different", "scratch")
# Sizes at which the advice is asked again, as factors.
SIZES = (1 / 8, 1 / 4, 1 / 2, 2, 4, 8, 16)


@dataclass(frozen=True)
class Expectation:
    """Hold the score on val that a scenario should reach.

    Attributes:
        score: Expected.
        low: One standard deviation of the prediction below; the score itself where it was measured.
        high: The same above.
        measured: Whether a probe was fitted, or the score follows from other data sets.
    """

    score: float
    low: float
    high: float
    measured: bool


@dataclass(frozen=True)
class Advice:
    """Hold a recommendation with its reasons, in plain types.

    Attributes:
        scenario: Recommended.
        runner_up: Second best.
        cut: Stages that the head reads.
        pool: How it pools them.
        strength: Of the probe's penalty.
        expected: Scenario -> expectation.
        size: "small" where the best probe is expected to win, "large" where training is.
        similarity: "similar" where the last stage alone errs least, else "different".
        why: Sentences.
        would_change: Sentences.
        evidence: As measured.
    """

    scenario: str
    runner_up: str
    cut: tuple[int, ...]
    pool: str
    strength: float
    expected: dict[str, Expectation]
    size: str
    similarity: str
    why: tuple[str, ...]
    would_change: tuple[str, ...]
    evidence: Evidence

    def state(self) -> dict[str, Any]:
        """Return plain types for advice.json."""
        state = asdict(self)
        state["evidence"] |= {
            "samples_per_output": self.evidence.samples_per_output,
            "similarity": self.evidence.similarity,
            "halving": self.evidence.halving,
        }
        return state


def advise(evidence: Evidence, table: Sequence[Measured], pilot: dict[str, float] | None = None) -> Advice:
    """Recommend the scenario that is expected to score highest on val.

    The two scenarios of a frozen backbone are measured. What those that train it would gain is predicted from
    the errors that the best probe leaves and the rows there are to learn from, by what training gained on the
    measured data sets. Where one standard deviation of that prediction would change the choice, the advice says
    what a pilot has to reach. No threshold is set by hand.

    Args:
        evidence: Of the data set.
        table: Measured runs of other data sets; with none, only the frozen scenarios compete.
        pilot: Scenario -> score on val of a short run, which takes the place of its prediction.
    """
    expected = expectations(evidence, table)
    for scenario, score in (pilot or {}).items():
        expected[scenario] = Expectation(score, score, score, measured=True)
    order = _ranked(expected, evidence)
    probe = evidence.stages if order[0] != "small_similar" else (len(evidence.error_by_stage) - 1,)
    trains = not order[0].startswith("small")
    return Advice(
        scenario=order[0],
        runner_up=order[1],
        cut=(len(evidence.error_by_stage) - 1,) if trains else probe,
        pool=evidence.pool,
        strength=evidence.strength,
        expected=expected,
        size="large" if trains else "small",
        similarity="similar" if evidence.similarity >= 0 else "different",
        why=_why(evidence, expected, order),
        would_change=(*_would_change(evidence, table, order[0]), *_worth_a_pilot(expected, order[0])),
        evidence=evidence,
    )


def expectations(evidence: Evidence, table: Sequence[Measured]) -> dict[str, Expectation]:
    """Say what each scenario should score on val."""
    last = evidence.perfect - evidence.error_by_stage[-1]
    best = evidence.perfect - evidence.error
    expected = {
        "small_similar": Expectation(last, last, last, measured=True),
        "small_different": Expectation(best, best, best, measured=True),
    }
    point = headroom(evidence.error / evidence.unit, evidence.num_samples)
    for scenario, gain in (predict_gains(point, table) if table else {}).items():
        score, low, high = (
            min(best + evidence.unit * (gain.value + shift * gain.deviation), evidence.perfect)
            for shift in (0, -1, 1)
        )
        expected[scenario] = Expectation(score, low, high, measured=False)
    return expected


def _ranked(expected: dict[str, Expectation], evidence: Evidence) -> list[str]:
    """Order the scenarios by what is expected of them; of the frozen ones, the cut chosen by loss comes first."""
    last = (len(evidence.error_by_stage) - 1,)
    chosen, other = COST[:2] if evidence.stages == last else COST[1::-1]

    def rank(name: str) -> tuple[float, bool, int]:
        score = expected[name].score
        limited = min(score, expected[chosen].score) if name == other else score
        return -limited, name == other, COST.index(name)

    return sorted(expected, key=rank)


def _why(evidence: Evidence, expected: dict[str, Expectation], order: Sequence[str]) -> tuple[str, ...]:
    first, second = (expected[name] for name in order[:2])
    errors = evidence.error_by_stage
    best_stage = min(range(len(errors)), key=lambda stage: errors[stage])
    half = f", halving the data multiplies the error by {math.exp(evidence.halving):.2f}"
    return (
        f"{order[0]} should reach {first.score:.4f} on val, {order[1]} {second.score:.4f}",
        f"{evidence.num_samples} training samples, {evidence.samples_per_output:.0f} per output{half}",
        f"of single stages, stage {best_stage} of {len(errors) - 1} serves a linear head best "
        f"({evidence.perfect - errors[best_stage]:.4f}; the last {evidence.perfect - errors[-1]:.4f})",
    )


def _would_change(evidence: Evidence, table: Sequence[Measured], chosen: str) -> tuple[str, ...]:
    """Ask again at other sizes, the probes' errors following the learning curve."""
    sentences = []
    for factor in SIZES:
        resized = _resized(evidence, factor)
        moved = _ranked(expectations(resized, table), resized)[0]
        if moved != chosen:
            count = round(evidence.num_samples * factor)
            sentences.append(
                f"with {count} training samples, {factor:g} times as many, {moved} would be advised"
            )
    if not sentences:
        sentences.append(
            f"between {SIZES[0]:g} and {SIZES[-1]:g} times as many samples nothing else would be advised"
        )
    return tuple(sentences)


def _worth_a_pilot(expected: dict[str, Expectation], chosen: str) -> tuple[str, ...]:
    """Say what a short run has to reach, where a prediction is not certain enough to settle the choice."""
    frozen = max((each.score for each in expected.values() if each.measured), default=-math.inf)
    predicted = [name for name, each in expected.items() if not each.measured]
    if not predicted:
        return ()
    name = (
        chosen
        if chosen in predicted
        else max(predicted, key=lambda each: (expected[each].high, expected[each].score))
    )
    low, high = expected[name].low, expected[name].high
    if not low < frozen < high:
        return ()
    verb = "less" if name == chosen else "more"
    return (
        f"a short run of {name} that reaches {verb} than {frozen:.4f} would; it is expected between {low:.4f} and "
        f"{high:.4f} (pilot=true)",
    )


def _resized(evidence: Evidence, factor: float) -> Evidence:
    shrink = math.exp(-evidence.halving * math.log2(factor))
    return replace(
        evidence,
        num_samples=max(1, round(evidence.num_samples * factor)),
        error=evidence.error * shrink,
        error_by_stage=tuple(error * shrink for error in evidence.error_by_stage),
    )
