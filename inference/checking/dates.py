"""Days, months, years and clock times in any writing."""

import re
from decimal import Decimal

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_NAMES = (
    "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct"
    " october nov november dec december"
)
MONTH_NAMES = frozenset(_NAMES.split())
_ORDINAL = r"(?:st|nd|rd|th)?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
# Behind a mark that parts words: no digit, letter, full stop or slash may stand before these.
DATE_PATTERN = rf"""
    (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})(?!\d)
  | (?P<dmy>{_DAY}(?P<mark>[/.-]){_DAY}(?P=mark)(?:\d{{4}}|\d{{2}}))(?![\d/])
  | (?P<my>(?:0?[1-9]|1[0-2])/(?:19|20)\d\d)(?![\d/])
  | (?P<dmon>{_DAY}{_ORDINAL}[\s-](?:of\s)?{_MONTH}(?:,?[\s-]\d{{4}}(?!\d))?)
  | (?P<clock>\d{{1,2}}:\d{{2}}(?::\d\d)?(?:\s?[ap]\.?m\b\.?)?)(?!\d)
  | (?P<oclock>1?\d\s?[ap]\.?m\b\.?)
"""
# Month first: no letter may stand before. A month alone counts only where its capital and a word before tell
# that it is one ("in May", not "may").
MONTH_PATTERN = rf"""
    (?P<mond>{_MONTH}\s{_DAY}{_ORDINAL}(?![\d/])(?:,?\s\d{{4}}(?!\d))?)
  | (?P<mony>{_MONTH},?(?:\s(?:of\s)?)\d{{4}}(?!\d))
  | (?P<mon>(?<=\b(?:in|of)\s)(?=(?-i:[A-Z])){_MONTH})
"""

Date = tuple[int | None, int, int | None]  # year, month, day


def read_dates(kind: str, text: str) -> frozenset[Date]:
    """The days that a written date can mean; `kind` names the pattern's group that matched."""
    lower = text.lower()
    digits = [int(number) for number in re.findall(r"\d+", lower)]
    if kind == "iso":
        return frozenset({(digits[0], digits[1], digits[2])})
    if kind == "my":
        return frozenset({(digits[1], digits[0], None)})
    if kind == "dmy":
        first, second, year = digits
        year += 2000 if year < 50 else 1900 if year < 100 else 0
        return frozenset(
            (year, month, day) for day, month in ((first, second), (second, first)) if month <= 12
        )
    name = re.search(r"[a-z]{3,}", re.sub(r"\d+(?:st|nd|rd|th)|\bof\b", " ", lower))
    month = _MONTHS.index(name[0][:3]) + 1 if name and name[0][:3] in _MONTHS else 0
    if kind == "mon":
        return frozenset({(None, month, None)})
    if kind == "mony":
        return frozenset({(digits[0], month, None)})
    return frozenset({(digits[1] if len(digits) > 1 else None, month, digits[0])})


def read_clock(text: str) -> tuple[Decimal, Decimal]:
    """Hour and minute of a clock time, of 24 hours where it says "pm"."""
    digits = [int(number) for number in re.findall(r"\d+", text)]
    hour, minute = digits[0], digits[1] if len(digits) > 1 else 0
    lower = text.lower()
    if "p" in lower and hour < 12:
        hour += 12
    elif "a" in lower and hour == 12:
        hour = 0
    return Decimal(hour), Decimal(minute)


def day_and_month(first: Decimal, second: Decimal) -> frozenset[Date]:
    """Read 13/05 as a day of the year, either way round, where the numbers allow it."""
    if first != first.to_integral_value() or second != second.to_integral_value() or max(first, second) > 31:
        return frozenset()
    options = ((int(first), int(second)), (int(second), int(first)))
    return frozenset((None, month, day) for day, month in options if 1 <= day <= 31 and 1 <= month <= 12)


def fit(one: Date, other: Date) -> bool:
    """Tell whether two dates do not differ in what both give."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
