"""Lengths of time that follow from others: between two dates, over a number of years."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations

from inference.checking.dates import Date
from inference.checking.quantities import Quantity
from inference.checking.units import TIMES, UNITS

_MONTH_S = Decimal(2629800)
_MOST_DATES = 8  # of a claim's sentences, that are compared with each other
_MUCH_LONGER = 2  # "over two years" is not said of five


def is_between_dates(span: Quantity, given: Sequence[Quantity]) -> bool:
    """Tell whether two of the given dates lie as far apart as a length of time says."""
    if len(span.values) != 1:
        return False
    days = length_s(span) / 86400
    dated = [quantity.dates for quantity in given if quantity.dates][:_MOST_DATES]
    for first, second in combinations(dated, 2):
        for one in first:
            for other in second:
                apart = _days_apart(one, other)
                if apart is not None and abs(apart - days) <= (days / 60 if days > 45 else 0):
                    return True
    return False


def is_longer(limit: Quantity, span: Quantity) -> bool:
    """Tell whether one length of time is a little longer than another: 21 years and two decades."""
    if limit.unit not in TIMES or span.unit not in TIMES:
        return False
    return length_s(limit) <= length_s(span) <= length_s(limit) * _MUCH_LONGER


def length_s(span: Quantity) -> Decimal:
    """A length of time in seconds; a month is a twelfth of a year."""
    kind, factor = UNITS[span.unit]
    return span.values[0] * factor * (_MONTH_S if kind == "months" else 1)


def _days_apart(one: Date, other: Date) -> int | None:
    """Days between two dates that give the same parts; a missing day or year is the same on both sides."""
    if [part is None for part in one] != [part is None for part in other]:
        return None
    try:
        first, second = (date(year or 2001, month, day or 15) for year, month, day in (one, other))
    except ValueError:  # 30 February
        return None
    return abs((first - second).days)
