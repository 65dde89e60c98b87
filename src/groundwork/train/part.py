"""What one phase of a run trains, and on what."""

from collections.abc import Callable
from dataclasses import dataclass

from groundwork.data.batches import Source
from groundwork.model import Network
from groundwork.transfer import Phase


@dataclass(frozen=True)
class Part:
    """Hold what one phase trains.

    Attributes:
        number: Of the phase, from 1.
        phase: Its rates.
        network: Inputs of `source` -> output.
        source: Images, rows of a table, or what a frozen prefix gave.
        epochs: At most, at least 1.
        enter: Freezes and copies what the phase needs, just before it begins.
        leave: Puts what was trained into the whole network.
    """

    number: int
    phase: Phase
    network: Network
    source: Source
    epochs: int
    enter: Callable[[], object]
    leave: Callable[[], object]

    @property
    def title(self) -> str:
        """Say what is trained."""
        return "training the head" if self.phase.train == "head" else "training"
