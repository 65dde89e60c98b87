"""A column of text -> the numbers that its cells are under each decimal sign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pandas import Series

from groundwork.core.errors import UserError
from groundwork.data.formats.infer import MISSING_WORDS, infer_column
from groundwork.data.formats.style import Number, Style, parse_number

SAMPLE = 1000  # cells that are looked at first: without a number among them, a column holds words
MANY = 30  # different cells after which three digits behind each sign are no chance


@dataclass(frozen=True)
class Draft:
    """Read a column of text as numbers, which may go by either decimal sign.

    Attributes:
        found: Decimal sign -> cell -> number; only signs under which all cells that are there are numbers.
    """

    found: Mapping[str, Mapping[str, Number]]

    @classmethod
    def of(cls, column: Series, style: Style, few: int) -> Draft:
        """Parse every different cell once.

        Args:
            column: (N,) text.
            style: What the user says of signs.
            few: Up to so many different whole numbers with a unit of letters are names, such as "2 doors".
        """
        present = column.dropna()
        if not may_hold_numbers(present):
            return cls({})
        cells = present.str.strip()
        cells = Series(cells[~cells.isin(["", *MISSING_WORDS])].unique(), dtype="str")
        signs = [style.decimal] if style.decimal != "auto" else [".", ","]
        found = {sign: found_numbers(cells, Style(sign, style.thousands)) for sign in signs}
        found = {sign: each for sign, each in found.items() if len(each) == len(cells) and agree(each)}
        return cls({sign: each for sign, each in found.items() if len(each) > few or not are_names(each)})

    @property
    def whole(self) -> bool:
        """Tell whether there is a number at all, and nothing else."""
        return any(map(len, self.found.values()))

    @property
    def differs(self) -> bool:
        """Tell whether both decimal signs fit, and give different numbers."""
        values = [[number.text for number in each.values()] for each in self.found.values()]
        return len(values) == 2 and values[0] != values[1]

    @property
    def only(self) -> str | None:
        """Give the decimal sign under which alone the cells are numbers, None where none or both do."""
        return next(iter(self.found)) if len(self.found) == 1 else None

    @property
    def grouped(self) -> str | None:
        """Give the decimal sign where a look at many cells tells: numbers below 1000 alone go without the other."""
        for sign, each in self.found.items():
            marked = sum(number.grouped for number in each.values())
            bare = [number for number in each.values() if not number.grouped]
            if marked >= MANY and bare and all(len(number.text.strip("-")) <= 3 for number in bare):
                return sign
        return None

    def numbers(self, sign: str | None, column: Series) -> Series:
        """Give the column as numbers; text where they have more digits than a number keeps."""
        texts = {cell: number.text for cell, number in self._under(sign).items()}
        cells = column.str.strip()
        plain = cells.map(lambda cell: texts.get(cell, cell), na_action="ignore").fillna("").astype("str")
        return infer_column(plain, decimal_comma=False)

    def note(self, name: str, sign: str | None) -> str:
        """Say that a column was read as numbers, by an example."""
        numbers = self._under(sign)
        odd = next((f' ("{cell}")' for cell, number in numbers.items() if cell != number.text), "")
        unit = self.unit(sign)
        how = f', "{sign}" as decimal sign' if (sign and self.differs) or sign == "," else ""
        within = f" in {unit}" if unit else ""
        return f"column {name!r} holds numbers written as text{odd}: read as numbers{within}{how}"

    def unit(self, sign: str | None) -> str:
        """Give what stands beside the numbers, such as "$" or "%"; "" where nothing does."""
        return next((number.unit for number in self._under(sign).values() if number.unit), "")

    def ambiguous(self, name: str) -> UserError:
        """Ask for the decimal sign."""
        point, comma = self.found["."], self.found[","]
        cell = next(cell for cell in point if point[cell].text != comma[cell].text)
        return UserError(
            f"column {name!r} must tell thousands from decimals, but {cell!r} can be {point[cell].text} or "
            f'{comma[cell].text}. Add data.decimal="." or data.decimal=",".'
        )

    def _under(self, sign: str | None) -> Mapping[str, Number]:
        return self.found[sign] if sign is not None else next(iter(self.found.values()))


def found_numbers(cells: Iterable[str], style: Style) -> dict[str, Number]:
    """Parse what is a number: cell -> number."""
    parsed = ((cell, parse_number(cell, style)) for cell in cells)
    found = {cell: number for cell, number in parsed if number is not None}
    change = any(number.text.startswith("-") or "." in number.text for number in found.values())
    # +49 is a code of a country, +0.5 a change
    return found if change else {cell: number for cell, number in found.items() if "+" not in cell}


def agree(numbers: Mapping[str, Number]) -> bool:
    """Tell whether the numbers have one unit and one sign between thousands; a currency may be left out."""
    units = {number.unit for number in numbers.values() if number.text != "0"}
    signs = {number.thousands for number in numbers.values()} - {""}
    named = units - {""}
    return len(signs) <= 1 and len(named) <= 1 and (len(units) <= 1 or all(map(Style.is_currency, named)))


def are_names(numbers: Mapping[str, Number]) -> bool:
    """Tell whether all are whole, with a unit of letters."""
    return all(
        number.text.isdigit() and number.unit[:1].isalpha() and not Style.is_currency(number.unit)
        for number in numbers.values()
    )


def may_hold_numbers(present: Series) -> bool:
    """Look at some cells spread over a column of text: where none is a number, all are taken for words."""
    step = max(1, len(present) // SAMPLE)
    return any(parse_number(cell.strip(), Style(sign)) for cell in present.iloc[::step] for sign in ".,")
