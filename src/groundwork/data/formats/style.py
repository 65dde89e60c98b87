"""How numbers are written: the sign before decimals, the one between thousands, and words for what is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from groundwork.core.errors import UserError

BLANKS = " \u00a0\u2009\u202f"
CURRENCIES = "$¢£¤¥" + "".join(map(chr, range(0x20A0, 0x20C1)))
GROUP = rf"[.,'’{BLANKS}]"
CELL = re.compile(
    rf"""(?P<open>\()?\s*
    (?P<sign>[-+\u2212])?\s*
    (?P<before>[{CURRENCIES}]|[A-Z]{{2,3}}(?=[\s0-9{CURRENCIES}])[{CURRENCIES}]?)?\s*
    (?P<inner>[-\u2212])?\s*
    (?P<digits>[0-9](?:(?:[0-9]|{GROUP}(?=[0-9]))*[0-9])?[.,]?|[.,][0-9]+)
    (?P<exponent>[eE][+-]?[0-9]+)?
    \s*(?P<minus>[-\u2212])?
    \s*(?P<after>[%‰{CURRENCIES}]|°?[^\W\d_][^\d()\[\]:;,_+-]{{0,15}}[23]?)?
    \s*(?P<close>\))?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Style:
    """Say how the numbers of a table are written.

    Attributes:
        decimal: "." or ","; "auto" finds it.
        thousands: The sign between thousands; None knows none, "auto" takes what is there.
        missing_values: Words that stand for a missing value, beside an empty cell.
    """

    decimal: str = "auto"
    thousands: str | None = "auto"
    missing_values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "missing_values", tuple(str(word).strip() for word in self.missing_values or ())
        )
        if self.decimal not in ("auto", ".", ","):
            raise UserError(f'data.decimal must be ".", "," or auto, but got {self.decimal!r}. Choose one.')
        if self.thousands not in (None, "auto") and len(str(self.thousands)) != 1:
            raise UserError(
                f"data.thousands must be one character, null or auto, but got {self.thousands!r}. Choose one."
            )
        if self.thousands == self.decimal != "auto":
            raise UserError(
                f"data.thousands must differ from data.decimal, but both are {self.decimal!r}. Change one."
            )
        if self.decimal == "auto" and self.thousands in (".", ","):
            object.__setattr__(self, "decimal", "." if self.thousands == "," else ",")

    @staticmethod
    def is_currency(unit: str) -> bool:
        """Tell whether a unit is money, which some cells of a column may leave out."""
        return (
            any(character in CURRENCIES for character in unit) or re.fullmatch("[A-Z]{3}", unit) is not None
        )


AUTO = Style()


@dataclass(frozen=True)
class Number:
    """Hold a number that was written as text.

    Attributes:
        text: Plain, with "." before decimals: what `float` reads.
        unit: What stood beside it, such as "$", "%" or "kg".
        thousands: The sign between its thousands, " " for all blanks; "" where there is none.
    """

    text: str
    unit: str
    thousands: str

    @property
    def grouped(self) -> bool:
        """Tell whether thousands are set apart."""
        return self.thousands != ""


def parse_number(cell: str, style: Style) -> Number | None:
    """Read one cell without blanks around it under a decimal sign; None where it is no number.

    007 is none: a code, as a number can't give it back. (12) and 12- are negative.
    """
    found = CELL.fullmatch(cell)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    signs = [found["sign"], found["inner"], found["minus"], found["open"]]
    if sum(map(bool, signs)) > 1 or (found["before"] and found["after"]):
        return None
    plain = _plain(found["digits"], style)
    if plain is None:
        return None
    negative = any(sign and sign != "+" for sign in signs)
    text, thousands = plain
    unit = (found["before"] or found["after"] or "").strip()
    return Number(f"{'-' if negative else ''}{text}{found['exponent'] or ''}", unit, thousands)


def _plain(digits: str, style: Style) -> tuple[str, str] | None:
    """Rewrite digits with "." before decimals and nothing between thousands; give the sign taken out besides."""
    decimal = "." if style.decimal == "auto" else style.decimal
    whole, _, fraction = digits.partition(decimal)
    if fraction and not fraction.isdigit():
        return None
    marks = {" " if mark in BLANKS else "'" if mark == "’" else mark for mark in whole if not mark.isdigit()}
    if len(marks) > 1 or (decimal in digits and not whole + fraction):
        return None
    thousands = next(iter(marks), "")
    if thousands and style.thousands != "auto" and thousands != style.thousands:
        return None
    if thousands:
        mark = f"[{BLANKS}]" if thousands == " " else "['’]" if thousands == "'" else re.escape(thousands)
        if not re.fullmatch(
            rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|[1-9][0-9]?(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}}", whole
        ):
            return None
        whole = re.sub("[^0-9]", "", whole)
    if len(whole) > 1 and whole.startswith("0"):
        return None
    return f"{whole or '0'}.{fraction}" if fraction else whole, thousands
