"""Clinical units and what they convert to; the table is data (`lexicons/units.toml`).

The table is the project's own: general units libraries read "18 units" as candela.
"""

import re
from decimal import Decimal

from inference.checking.lexicons import lexicon

UNITS: dict[str, tuple[str, Decimal]] = {
    name: (dimension, Decimal(factor))
    for dimension, factor, names in lexicon("units")["units"]["rows"]
    for name in names.split()
}
TIME_DIMENSIONS = frozenset({"time", "months"})
TIMES = frozenset(unit for unit, (dimension, _) in UNITS.items() if dimension in TIME_DIMENSIONS)

_WIDE = (
    ("degrees", r"(?:degrees?|deg\.?)\s?"),
    ("mmhg", r"mm\s?hg"),
    ("cmh2", r"cm\s?h2"),
    ("perminute", r"\s?per\s?min(?:ute)?"),
    ("pack-", r"pack[\s-]?"),
    ("packyear", r"pack\s?year"),
    ("°", r"(?:°|º|deg(?:rees?)?)\s?"),
)


def _pattern(unit: str) -> str:
    pattern = re.escape(unit).replace(r"\-", "-")
    for plain, wide in _WIDE:
        if plain in pattern:
            return pattern.replace(plain, wide)
    return pattern.replace("/", r"\s?/\s?") if unit.count("/") == 1 and unit[0] != "/" else pattern


# One pattern for any unit, the longest first. White space is read where writers put it: "mm Hg", "° C".
UNIT_PATTERN = "|".join(_pattern(unit) for unit in sorted(UNITS, key=len, reverse=True))


def dimension(unit: str) -> str:
    """What a unit measures; "" for none and for one that the table does not know."""
    return UNITS[unit][0] if unit in UNITS else ""


def plain_unit(written: str) -> str:
    """The table's writing of a unit as it stands in a text."""
    folded = "".join(written.lower().split()).replace("º", "°")
    if folded in UNITS:
        return folded
    if folded.startswith("deg"):
        return "°c" if folded.rstrip("elsiu").endswith("c") else "°f"
    if folded.endswith("permin"):
        return "/min"
    return folded


def is_same_amount(one: Decimal, unit: str, other: Decimal, other_unit: str) -> bool:
    """Tell whether two numbers with known units are one amount: 0.5 mg and 500 mcg, 1 month and 4 weeks."""
    if unit == other_unit:
        return one == other
    if unit not in UNITS or other_unit not in UNITS:
        return False
    (kind, factor), (other_kind, other_factor) = UNITS[unit], UNITS[other_unit]
    if kind == other_kind:
        return one * factor == other * other_factor
    if {kind, other_kind} == TIME_DIMENSIONS:
        if kind == "months":
            return _are_months(one * factor, other * other_factor)
        return _are_months(other * other_factor, one * factor)
    if (kind, other_kind) == ("temperature_c", "temperature_f"):
        return _is_temperature(one, other)
    if (kind, other_kind) == ("temperature_f", "temperature_c"):
        return _is_temperature(other, one)
    return False


def _are_months(months: Decimal, seconds: Decimal) -> bool:
    """A month is 4 weeks, 30 or 31 days to a writer; a year 52 weeks or 365 days."""
    days = seconds / 86400
    return days in {months * 28, months * 30, months * 31} or (months, days) in _ROUND_SPANS


_ROUND_SPANS = {
    (Decimal(months), Decimal(days))
    for months, days in ((12, 365), (12, 364), (24, 730), (6, 182), (3, 91), (3, 84), (6, 168), (6, 180))
}


def _is_temperature(celsius: Decimal, fahrenheit: Decimal) -> bool:
    return abs(celsius * 9 / 5 + 32 - fahrenheit) <= Decimal("0.15")
