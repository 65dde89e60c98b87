"""One key of `search.space`: a range or choices, and the condition under which it takes part."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundwork.core.errors import UserError

KEYS = {"choices", "low", "high", "log", "step", "num", "when"}
Value = float | int | str | bool | None
Values = dict[str, Value]


@dataclass(frozen=True)
class Dimension:
    """Hold one key that a search varies.

    Attributes:
        key: A config group or a dotted key.
        name: In the study; says the condition where one key has several ranges.
        choices: Values to choose from; None for a range.
        low, high: Of a range, both included.
        log: Whether the range is even in its logarithm.
        step: Between values of a range.
        num: How many values of a range a grid takes.
        when: Key -> values under which this one takes part.
    """

    key: str
    name: str
    choices: tuple[Value, ...] | None
    low: float
    high: float
    log: bool
    step: float | None
    num: int | None
    when: Mapping[str, tuple[str, ...]]

    @property
    def is_whole(self) -> bool:
        """Tell whether the values of the range are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def extremes(self) -> tuple[Value, ...]:
        """Return all choices, or both ends of the range."""
        return (self.low, self.high) if self.choices is None else self.choices

    def grid(self) -> tuple[Value, ...]:
        """Return every value that a grid takes.

        Raises:
            UserError: If a range does not say how many.
        """
        if self.choices is not None:
            return self.choices
        if self.num is not None:
            space = np.geomspace if self.log else np.linspace
            values = space(self.low, self.high, self.num)
            return tuple(
                dict.fromkeys(round(value) if self.is_whole else float(f"{value:.12g}") for value in values)
            )
        step = self.step or (1 if self.is_whole else None)
        if step is None:
            raise UserError(
                f"search.space {self.key} must say how many values a grid takes, but gives a range only. "
                f"Add num: 5 to it, or take search.sampler=tpe."
            )
        number = int((self.high - self.low) / step + 1e-9) + 1
        return tuple(
            self.low + n * step if self.is_whole else round(self.low + n * step, 12) for n in range(number)
        )

    def suggest(self, trial: Any) -> Value:
        """Ask an Optuna trial for a value."""
        value: Value
        if self.choices is not None:
            value = trial.suggest_categorical(self.name, self.choices)
        elif self.is_whole:
            value = trial.suggest_int(self.name, self.low, self.high, step=int(self.step or 1), log=self.log)
        else:
            found: float = trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)
            value = found if self.step is None else round(found, 12)  # 0.30000000000000004
        return value


def text(value: Any) -> str:
    """Write a value as Hydra reads it."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        # Lists come as text, for a study knows plain values only.
        return (
            value if re.fullmatch(r"[\w./-]+|\[.*\]|\{.*\}", value) else "'" + value.replace("'", "\\'") + "'"
        )
    return repr(value)


def read_dimension(key: str, content: Any, has_others: bool) -> Dimension:
    """Read what `search.space` says of a key.

    Args:
        key: A group or a dotted key.
        content: Its range or choices.
        has_others: Whether the key has several ranges, each under its condition.

    Raises:
        UserError: If the range makes no sense.
    """
    where = f"search.space {key}"
    if not isinstance(content, dict) or set(content) - KEYS or ("choices" in content) == ("low" in content):
        raise UserError(
            f"{where} must hold either choices or low and high, but got {content}. "
            f"Write {{choices: [...]}} or {{low: 1e-5, high: 1e-2, log: true}}."
        )
    when = {
        str(name): tuple(map(text, _listed(options))) for name, options in content.get("when", {}).items()
    }
    condition = ", ".join(f"{name}={'|'.join(options)}" for name, options in when.items())
    suffix = f" ({condition})" if has_others else ""
    choices = None
    if "choices" in content:
        choices = tuple(_plain(one) for one in _listed(content["choices"]))
        if len(set(map(text, choices))) < max(2, len(choices)):
            raise UserError(
                f"{where} must have two or more different choices, but got {content['choices']}. Add one."
            )
    low, high = content.get("low", 0), content.get("high", 0)
    logarithmic = bool(content.get("log", False))
    if choices is None and not (low < high and (low > 0 or not logarithmic)):
        rule = "0 < low < high" if logarithmic else "low < high"
        raise UserError(f"{where} must have {rule}, but got low {low}, high {high}. Change them.")
    if logarithmic and content.get("step") is not None:
        raise UserError(f"{where} must not have both log and step. Remove one.")
    return Dimension(
        key, key + suffix, choices, low, high, logarithmic, content.get("step"), content.get("num"), when
    )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _plain(value: Any) -> Value:
    """Turn a list into text, since a study knows plain values only."""
    if isinstance(value, list | dict):
        return json.dumps(value)
    plain: Value = value
    return plain
