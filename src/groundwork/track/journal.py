"""Numbers that a run has logged -> a file that outlives a killed process, until a tracker's own file is complete."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Journal:
    """Keep what was logged since a tracker's file was last closed: W&B writes late, and loses it with its process."""

    def __init__(self, path: Path):
        self.path = path

    def add(self, metrics: Mapping[str, Any], step: int | None) -> None:
        """Append the numbers among some metrics."""
        numbers = {name: float(value) for name, value in metrics.items() if isinstance(value, int | float)}
        if numbers:
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps([step, numbers]))  # whatever a killed process left half written

    def rows(self) -> Iterator[tuple[dict[str, float], int | None]]:
        """Give what is kept, oldest first; lines that are not whole are left out."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        for line in filter(None, text.splitlines()):
            try:
                step, numbers = json.loads(line)
            except ValueError:
                continue
            yield numbers, step

    def clear(self) -> None:
        """Forget all."""
        self.path.unlink(missing_ok=True)
