"""Which numbers can be taken for each other: a dose for no date, a span of time for no blood pressure."""

from inference.checking.quantities import Quantity, as_span
from inference.checking.units import TIMES, dimension


def are_comparable(one: Quantity, other: Quantity) -> bool:
    ours, theirs = shapes_of(one), shapes_of(other)
    either = ours | theirs
    return not ours.isdisjoint(theirs) or ("plain" in either and not either & _UNLIKE)


_UNLIKE = frozenset({"date", "time", "clock", "pair", "year"})


def shapes_of(quantity: Quantity) -> frozenset[str]:
    """What kind of number it can be, 3/7 a day or some days: two of different kinds are never confused."""
    if quantity.dates and not quantity.values:
        return frozenset({"date"})
    if as_span(quantity).unit in TIMES:
        return frozenset({"date", "time"}) if quantity.dates else frozenset({"time"})
    if quantity.unit == "clock":
        return frozenset({"clock"})
    if is_year(quantity):
        return frozenset({"year"})
    if len(quantity.values) == 2 and not quantity.is_range:
        return frozenset({"date" if quantity.dates else "pair"})
    return frozenset({dimension(quantity.unit) or "plain"})


def is_year(quantity: Quantity) -> bool:
    is_plain = len(quantity.values) == 1 and not quantity.unit and quantity.text.isdecimal()
    return is_plain and 1950 <= quantity.values[0] <= 2050
