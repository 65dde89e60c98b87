"""What was measured of the ways to reuse a network -> the one to take, and what is said of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from groundwork.transfer.evidence import Evidence


@dataclass(frozen=True)
class Advice:
    """Hold a recommendation with its reasons, in plain types.

    Attributes:
        scenario: Recommended.
        changes: Overrides that belong to it, such as `transfer.frozen=3`; none where it is taken as it is.
        folder: Where its race left it, below the folder of the run; empty for a frozen head.
        cut: Stages that the head reads.
        pool: How it pools them.
        metric: The monitor.
        direction: Whether more or less of it is better, max or min.
        scores: Frozen scenario -> monitor on val.
        size: "large" where training the backbone was seen to win, else "small".
        similarity: "similar" where no cut does better than the last stage by more than one standard error.
        why: Sentences.
        not_tried: Sentences: what did not race, what it costs, and how to run it.
        race: What trained: `name`, `share` of its schedule, `score`, `seconds`.
        differences: Of the metric: `name`, `against`, `difference` and `error`, one standard error of it.
        prices: What did not race: `name`, and the `seconds` that it would take here.
        reason: Why it did not.
        seconds: `frozen`, `race`.
        budget: Minutes; None for no limit.
        evidence: As measured.
    """

    scenario: str
    changes: tuple[str, ...]
    folder: str
    cut: tuple[int, ...]
    pool: str
    metric: str
    direction: str
    scores: dict[str, float]
    size: str
    similarity: str
    why: tuple[str, ...]
    not_tried: tuple[str, ...]
    race: tuple[dict[str, Any], ...]
    differences: tuple[dict[str, Any], ...]
    prices: tuple[dict[str, Any], ...]
    reason: str
    seconds: dict[str, float]
    budget: float | None
    evidence: Evidence

    @property
    def command(self) -> str:
        """Give the words that take it."""
        return " ".join([f"transfer={self.scenario}", *self.changes])

    def state(self) -> dict[str, Any]:
        """Return plain types for advice.json."""
        state = asdict(self)
        state["evidence"] |= {
            "samples_per_output": self.evidence.samples_per_output,
            "similarity": self.evidence.similarity,
        }
        return state


def frozen_sentence(metric: str, scores: dict[str, float], scenario: str, stages: Sequence[int]) -> str:
    """Say which frozen head is taken, and why the other is not."""
    last, best = scores["small_similar"], scores["small_different"]
    if scenario == "small_similar":
        told = (
            "neither it nor the loss improves by more than one standard error, so the simplest head is taken"
        )
    else:
        told = "it or the loss improves by more than one standard error"
    read = ", ".join(map(str, stages))
    return f"{scenario}: {metric} on val is {last:.4f} with the last stage and {best:.4f} with stages {read}; {told}"


def curve_sentences(evidence: Evidence, metric: str, direction: str) -> tuple[str, ...]:
    """Say what more training rows would bring to the frozen head."""
    more = evidence.more
    if more is None:
        return ()
    if abs(more.gain) < 5e-4:
        return (
            f"twice as many training rows would hardly change {metric} of the frozen head, by its learning curve",
        )
    sign = 1.0 if direction == "max" else -1.0
    ends = sorted((sign * more.low, sign * more.high))
    return (
        f"{more.rows} more training rows would change {metric} of the frozen head by about {sign * more.gain:+.3f} "
        f"[{ends[0]:+.3f}, {ends[1]:+.3f}], by its learning curve",
    )


def spoken(seconds: float) -> str:
    """Say a time as people do."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
