"""`search.space` -> what may vary, in which order, under which condition; values -> overrides of a trial."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from groundwork.core.errors import UserError
from groundwork.launch.search.dimension import Dimension, Value, Values, read_dimension, text


class Space:
    """Hold the dimensions of a search in the order of the file.

    Args:
        space: Key -> range, choices, or several of them with different conditions.
        fixed: Group -> option of the configuration that is searched around, for conditions.

    Raises:
        UserError: If a range makes no sense or a condition names nothing that comes before.
    """

    def __init__(self, space: Mapping[str, Any], fixed: Mapping[str, str]):
        self.fixed = fixed
        self.dimensions: list[Dimension] = []
        for key, content in space.items():
            alternatives = content if isinstance(content, list) else [content]
            for one in alternatives:
                self.dimensions.append(read_dimension(str(key), one, len(alternatives) > 1))
        known = set(fixed)
        for dimension in self.dimensions:
            if unknown := set(dimension.when) - known:
                raise UserError(
                    f"search.space {dimension.key}: `when` must name a group or a key above it, but names "
                    f"{min(unknown)}. Move it up, or remove the condition."
                )
            known.add(dimension.key)
        if not self.dimensions:
            raise UserError(
                "search.space must name at least one key, but is empty. Choose search=linear_head, or add one."
            )

    def draw(self, pick: Callable[[Dimension], Value]) -> Values:
        """Pick a value for every dimension that takes part, one after the other: key -> value."""
        values: Values = {}
        for dimension in self.dimensions:
            if self._takes_part(dimension, values):
                values[dimension.key] = pick(dimension)
        return values

    def grid(self) -> list[Values]:
        """List every combination once."""
        found: list[Values] = [{}]
        for dimension in self.dimensions:
            grown = []
            for values in found:
                options = dimension.grid() if self._takes_part(dimension, values) else ()
                grown += [values | {dimension.key: option} for option in options] or [values]
            found = grown
        return found

    def corners(self) -> Iterator[tuple[Dimension, Values]]:
        """Give for each dimension and each of its extreme values one combination that has it."""
        for dimension in self.dimensions:
            wanted = {key: options[0] for key, options in dimension.when.items()}
            for value in dimension.extremes():
                values = self.draw(partial(_corner, dimension, value, wanted))
                if dimension.key in values:
                    yield dimension, values

    def _takes_part(self, dimension: Dimension, values: Values) -> bool:
        now = {**self.fixed, **{key: text(value) for key, value in values.items()}}
        return all(now.get(key) in options for key, options in dimension.when.items())


def _corner(varied: Dimension, value: Value, wanted: Mapping[str, str], asked: Dimension) -> Value:
    """Give the varied dimension its value, and the others what its condition wants."""
    if asked is varied:
        return value
    options = asked.extremes()
    return next((option for option in options if text(option) == wanted.get(asked.key)), options[0])


def as_overrides(values: Values) -> list[str]:
    """Write values as overrides of a command."""
    return [f"{key}={text(value)}" for key, value in values.items()]
