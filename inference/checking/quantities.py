"""Numbers in clinical text: values with units, ranges, pairs such as 120/80, dates and clock times.

Equal amounts in different writing are equal: "1.0 g" and "1000 mg", "three days" and "3/7", "2 g/dL" and
"20 g/L", "14 May 2025" and "14/05/2025".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from inference.checking.dates import (
    DATE_PATTERN,
    MONTH_NAMES,
    MONTH_PATTERN,
    Date,
    day_and_month,
    fit,
    read_clock,
    read_dates,
)
from inference.checking.numerals import (
    DECADE_PATTERN,
    FIGURE_PATTERN,
    HINTS,
    ROMAN_CUE_PATTERN,
    ROMAN_PATTERN,
    WORD_PATTERN,
    decade_value,
    implied_numbers,
    number_value,
    roman_value,
)
from inference.checking.units import (
    TIME_DIMENSIONS,
    TIMES,
    UNIT_PATTERN,
    UNITS,
    dimension,
    is_same_amount,
    plain_unit,
)

__all__ = ["TIMES", "UNITS", "Quantity", "implied", "is_among", "is_same", "quantities"]

_PERIOD = r"(?:days?|d|24\s?h(?:ours|rs)?|weeks?|wks?|months?|years?|yrs?|hours?|hrs?|h|nights?)"
_TAIL = rf"""
    (?P<letter>[abc](?![^\W_]))?
    (?P<plus>\+(?!\d))?
    (?:\s?(?P<age>(?:-?\s?(?:years?|yrs?|y)[\s/.-]{{0,2}}(?:old|o)\b|y/?o\b|(?-i:[FM]|Y)(?![^\W_]|['’])))
      | (?P<short>[dwmy]|k(?!g))(?![^\W_/])
      | \s?-?(?=[^\W\d_]|[%°º/]|10)(?P<unit>{UNIT_PATTERN})(?![^\W_])
      | (?P<decade>(?<=0)'?s)(?![^\W_])
    )?
    (?:(?:\s?/\s?|\s(?:per|a|each|every)\s)(?P<period>{_PERIOD})(?![^\W_]))?
"""
_QUANTITY = re.compile(
    rf"""
      (?:(?<![\w.^/])|(?<=\bx)|(?<=\bpod))(?:
        {DATE_PATTERN}
      | (?:
          (?P<low>(?<!from\s){FIGURE_PATTERN})\s?(?:-|–|—|to|or)\s?(?P<high>{FIGURE_PATTERN})
            (?P<part>\s?/\s?(?:7|52|12)(?![\d/]))?
            (?!\s?[-–/.:]?\d)
        | (?<=between\s)(?P<least>{FIGURE_PATTERN})\sand\s(?P<most>{FIGURE_PATTERN})
        | (?P<number>{FIGURE_PATTERN})
          (?P<rest>(?:\s?/\s?\d{{1,12}}(?:\.\d{{1,9}})?){{1,3}}(?![\d/])|\s(?:over|out\sof)\s\d{{1,3}}(?!\d|\s?/))?
        ){_TAIL}
      )
    | (?<![^\W_])(?:
        {MONTH_PATTERN}
      | {ROMAN_CUE_PATTERN}\s(?P<roman>{ROMAN_PATTERN}(?P<part_of>\s?/\s?{ROMAN_PATTERN})?)(?![^\W_])
      | (?P<romans>{ROMAN_PATTERN}/{ROMAN_PATTERN})(?![^\W_])
      | (?P<decadeword>{DECADE_PATTERN})(?![^\W_])
      | (?P<wordlow>{WORD_PATTERN})(?:\s(?:to|or)\s|-to-)(?P<wordhigh>{WORD_PATTERN})\b
            (?:[\s-](?P<rangeunit>{UNIT_PATTERN})(?![^\W_]))?
      | (?P<word>{WORD_PATTERN})(?:[\s-](?P<wordunit>{UNIT_PATTERN})(?![^\W_]))?(?![^\W_])
            (?:(?:\s?/\s?|\s(?:per|a|each|every)\s)(?P<wordperiod>{_PERIOD})(?![^\W_]))?
      | (?P<article>an?)[\s-](?P<articleunit>hour|day|week|month|year|fortnight)(?![^\W_])
      )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DOTTED = re.compile(r"0[1-9]\.[0-3]\d|[0-3]\d\.0[1-9]")
_DIGIT = re.compile(r"[\d½¼¾]")
_WORD = re.compile(r"[^\W\d_]+")
_HINTS = frozenset({*HINTS, *MONTH_NAMES, "hour", "day", "week", "month", "year", "fortnight"})
_SHORT_SPANS = {Decimal(7): "days", Decimal(52): "weeks", Decimal(12): "months", Decimal(24): "hours"}
_SHORT = {"d": "days", "w": "weeks", "m": "months", "y": "years"}
_HOURS = {"h": 1, "d": 24, "n": 24, "2": 24, "w": 168, "m": 730, "y": 8760}
# "Day 3", "POD 3", "week 12": days and weeks, counted.
_COUNTED = re.compile(
    r"(?:^|[\s(/])(?:(pod|(?<!a )(?<!per )(?<!each )(?<!every )day)|(week)|(aged?(?:\sof)?:?))[\s:]?#?\s?$",
    re.I,
)
_SPAN_BEFORE = re.compile(
    r"\b(?:for|in|over|within|after|about|around|roughly|almost|nearly|approximately|lasting|lasted)\s$", re.I
)
_SPAN_BEHIND = re.compile(r"\s(?:ago|before|earlier|later|prior|history|course)\b", re.I)
_OVER = re.compile(
    r"(?:\b(?:over|above|exceed(?:s|ed|ing)?|(?:more|greater|higher|older|longer|no\sless|not\sless)\sthan"
    r"|at\sleast|minimum(?:\sof)?|upwards\sof)|[>≥]=?)\s?$",
    re.I,
)
_UNDER = re.compile(
    r"(?:\b(?:under|below|(?:less|fewer|lower|younger|shorter|(?:no|not|never|nothing)\smore)\sthan|at\smost"
    r"|not\s(?:to\s)?exceed(?:ing)?|max(?:imum)?(?:\sof)?|up\sto)|[<≤]=?)\s?$",
    re.I,
)
_OVER_BEHIND = re.compile(r"\s?(?:or|and)\s(?:more|above|over|higher|greater|older)\b", re.I)
_UNDER_BEHIND = re.compile(r"\s?(?:or|and)\s(?:less|below|under|lower|fewer|younger)\b", re.I)
# "Lost 1.15 L", not "potassium 3.1 L".
_FLUID = re.compile(
    r"\b(?:loss|lost|fluids?|oxygen|o2|drain\w{0,4}|output|urine|ascit\w{1,4}|saline|intake|tapped|removed"
    r"|bolus|ebl|qbl|infus\w{1,4}|cannula|nc|diuresis|negative|positive|hartmann\w{0,2}|balance)\b",
    re.I,
)
_FLUID_BEFORE = 40  # code points
_BEFORE = 24  # code points in which "no more than " fits


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it stands in a text.

    Attributes:
        text: as written, with its unit.
        start: first code point in its text.
        end: one past the last.
        values: the number, both ends of a range, or all of a row (120/80, 92/55/22); empty for a date.
        unit: lower-case unit, "" where none is written.
        dates: the days it can mean (13/05 is one of a pair too); day or year None where not given.
        is_word: written in letters.
        is_range: from the first value to the second.
        hours: of the period in which it counts (10 units a week: 168); None where none is said.
        bound: "over" or "under" where the text says so, else "".
    """

    text: str
    start: int
    end: int
    values: tuple[Decimal, ...]
    unit: str = ""
    dates: frozenset[Date] = frozenset()
    is_word: bool = False
    is_range: bool = False
    hours: int | None = None
    bound: str = ""


def quantities(text: str) -> list[Quantity]:
    """Find every number of a text, from left to right. Digits inside a word ("L5", "T2DM") are no numbers."""
    if not _DIGIT.search(text) and _HINTS.isdisjoint(_WORD.findall(text.lower())):
        return []  # half of all sentences have none
    found = (_quantity(match, text) for match in _QUANTITY.finditer(text))
    return [quantity for quantity in found if quantity is not None]


def _counted(unit: str, hours: int | None) -> str:
    """Nights of a week are a count of times, no length of time."""
    return "" if hours is not None and unit in ("day", "days", "night", "nights") else unit


def implied(text: str) -> list[Quantity]:
    """Find what bears a number out without being one: "T2DM" type 2, "twice" 2, "the past week" 1 week."""
    return [
        Quantity(text[start:end], start, end, (value,), unit)
        for start, end, value, unit in implied_numbers(text)
    ]


def _quantity(match: re.Match[str], text: str) -> Quantity | None:
    if match["decadeword"]:
        return Quantity(match[0], *match.span(), (decade_value(match[0]),), "decade", is_word=True)
    if match["number"] or match["low"] or match["least"]:
        return _of_figures(match, text)
    if match["word"] or match["wordlow"] or match["article"]:
        return _of_words(match, text)
    if match["roman"] or match["romans"]:
        name = "roman" if match["roman"] else "romans"
        values = tuple(roman_value(part.strip()) for part in match[name].split("/"))
        return Quantity(match[name], *match.span(name), values)
    kind = match.lastgroup or ""
    if kind == "mark":
        kind = "dmy"
    whole, start, end = match[0], match.start(), match.end()
    if kind in ("clock", "oclock"):
        return Quantity(whole, start, end, read_clock(whole), "clock")
    return Quantity(whole, start, end, (), "", read_dates(kind, whole))


def _of_figures(match: re.Match[str], text: str) -> Quantity:
    start, end = match.span()
    bound = _bound(text, start, end)
    hours = _HOURS[match["period"][0].lower()] if match["period"] else None
    if match["low"] or match["least"]:
        values = number_value(match["low"] or match["least"]), number_value(match["high"] or match["most"])
        unit = _unit(match, text, values[-1])
        if match["part"]:
            unit = _SHORT_SPANS[Decimal(match["part"].strip("/ "))]
        return Quantity(match[0], start, end, values, unit, is_range=True, hours=hours, bound=bound)
    first = number_value(match["number"])
    if not match["rest"]:
        unit = _unit(match, text, first)
        if match["short"] and match["short"] in "kK":
            first *= 1000
        if match["decade"]:
            unit = "decade"
        if not unit and _DOTTED.fullmatch(match["number"]):  # "until 02.04"
            dates = day_and_month(*map(Decimal, match["number"].split(".")))
            return Quantity(match[0], start, end, (first,), "", dates, hours=hours, bound=bound)
        return Quantity(match[0], start, end, (first,), _counted(unit, hours), hours=hours, bound=bound)
    row = (first, *(Decimal(part) for part in re.findall(r"[\d.]+", match["rest"])))
    unit = _unit(match, text, first)
    if len(row) == 2 and dimension(unit) in ("dose_form", "packs", "mass") and 0 < row[0] < row[1] <= 4:
        return Quantity(match[0], start, end, (row[0] / row[1],), unit, hours=hours, bound=bound)
    dates = day_and_month(*row) if len(row) == 2 and "/" in match["rest"] and not unit else frozenset()
    return Quantity(match[0], start, end, row, unit, dates, hours=hours, bound=bound)


def _unit(match: re.Match[str], text: str, value: Decimal) -> str:
    """The unit behind figures; an age is of years, and "day 3" is of days."""
    if match["letter"]:
        return match["letter"].lower()
    if match["age"]:
        if match["age"] == "F" and value >= 90:
            return "°f"
        return "years"
    if match["short"]:
        return _SHORT.get(match["short"].lower(), "")
    written = match["unit"] or ""
    if written in ("L", "H"):  # "131 L" in a laboratory table is a low value, "2L" are litres
        is_near = not text[match.start("unit") - 1].isspace()
        before = text[max(0, match.start() - _FLUID_BEFORE) : match.start()]
        is_volume = written == "L" and value <= 20 and (is_near or _FLUID.search(before) is not None)
        return "l" if is_volume else ""
    if written:
        return plain_unit(written)
    if text[match.end() : match.end() + 2].strip().startswith("C") and (
        30 <= value <= 45 or 90 <= value <= 110
    ):
        following = text[match.end() :].lstrip()[1:2]
        return "°c" if not following.isalnum() else ""
    if not match["period"] and (
        counted := _COUNTED.search(text[max(0, match.start() - _BEFORE) : match.start()])
    ):
        return "days" if counted[1] else "weeks" if counted[2] else "years"
    return ""


def _of_words(match: re.Match[str], text: str) -> Quantity | None:
    start, end = match.span()
    if match["article"]:
        before = text[max(0, start - _BEFORE) : start]
        if not (_SPAN_BEFORE.search(before) or _SPAN_BEHIND.match(text, end)):
            return None
        return Quantity(match[0], start, end, (Decimal(1),), match["articleunit"].lower(), is_word=True)
    if match["wordlow"]:
        values = (number_value(match["wordlow"]), number_value(match["wordhigh"]))
        unit = plain_unit(match["rangeunit"] or "")
        return Quantity(match[0], start, end, values, unit, is_word=True, is_range=True)
    value, unit = number_value(match["word"]), plain_unit(match["wordunit"] or "")
    if value <= 1 and not unit:  # "one of them", "the other half"
        return None
    hours = _HOURS[match["wordperiod"][0].lower()] if match["wordperiod"] else None
    unit = _counted(unit, hours)
    return Quantity(
        match[0], start, end, (value,), unit, is_word=True, hours=hours, bound=_bound(text, start, end)
    )


def _bound(text: str, start: int, end: int) -> str:
    before = text[max(0, start - _BEFORE) : start]
    if _UNDER.search(before) or _UNDER_BEHIND.match(text, end):
        return "under"
    return "over" if _OVER.search(before) or _OVER_BEHIND.match(text, end) else ""


def is_same(claimed: Quantity, given: Quantity) -> bool:
    """Tell whether two quantities can mean the same: equal amounts, or days that do not differ."""
    if claimed.dates and given.dates and (not claimed.values or not given.values):
        return any(fit(one, other) for one in claimed.dates for other in given.dates)
    if not claimed.values or not given.values:
        return _is_year_of(claimed, given) or _is_year_of(given, claimed)
    if claimed.hours and given.hours and claimed.hours != given.hours:
        return _is_same_rate(claimed, given)
    if "decade" in (claimed.unit, given.unit):
        return _is_in_decade(claimed, given) or _is_in_decade(given, claimed)
    if len(claimed.values) == len(given.values):
        return _are_same_amounts(claimed, given)
    if len(claimed.values) == 1:
        return _is_part(claimed, given)
    return len(given.values) == 1 and _is_part(given, claimed)


def is_among(claimed: Quantity, given: Iterable[Quantity]) -> bool:
    """Tell whether a quantity occurs among others; a pair or a range may also occur as its numbers apart."""
    known = list(given)
    if any(is_same(claimed, quantity) for quantity in known):
        return True
    if len(claimed.values) > 1:
        parts = [Quantity("", 0, 0, (value,), claimed.unit) for value in claimed.values]
        singles = [quantity for quantity in known if len(quantity.values) == 1]
        return all(any(is_same(part, quantity) for quantity in singles) for part in parts)
    return False


def _are_same_amounts(one: Quantity, other: Quantity) -> bool:
    if len(one.values) == 1:
        return _is_amount(one.values[0], one.unit, other.values[0], other.unit)
    if {one.unit, other.unit} & TIMES and one.unit != other.unit:  # "2-3/52" and "14 to 21 days"
        spans = as_span(one), as_span(other)
        if len(spans[0].values) != len(spans[1].values):
            return False
        pairs = zip(spans[0].values, spans[1].values, strict=True)
        return all(is_same_amount(a, spans[0].unit, b, spans[1].unit) for a, b in pairs)
    if one.unit != other.unit and (
        (one.unit and other.unit) or {dimension(one.unit), dimension(other.unit)} & _STRICT
    ):
        pairs = zip(one.values, other.values, strict=True)
        return all(_is_amount(a, one.unit, b, other.unit) for a, b in pairs)
    return one.values == other.values


def _is_amount(one: Decimal, unit: str, other: Decimal, other_unit: str) -> bool:
    if unit and other_unit:
        return is_same_amount(one, unit, other, other_unit) or (
            one == other and {unit, other_unit} <= {"months", "month", "m"}
        )
    written = unit or other_unit
    if dimension(written) == "packs":  # of twenty: "40 a day" are two packs
        return one * 20 == other if unit else other * 20 == one
    if dimension(written) in _STRICT and not (written in _YEARS and 16 <= one <= 120):
        return False
    if dimension(written) == "cell_count" and one != other:  # "11.2 K/uL" and "11,200"
        factor = UNITS[written][1]
        return one * factor == other if unit else other * factor == one
    return one == other


# Units that a text never leaves out: "3 weeks" is not "stage 3", "2 packs" are not "2 cigarettes".
_STRICT = frozenset({*TIME_DIMENSIONS, "packs", "pack_years"})
_YEARS = frozenset({"year", "years", "yr", "yrs"})


def _is_part(single: Quantity, row: Quantity) -> bool:
    """Tell whether a number is one end of a range, or one of a pair: "104 systolic" for 104/62."""
    if row.is_range:
        return any(_is_amount(single.values[0], single.unit, value, row.unit) for value in row.values)
    span = as_span(row)
    if span is not row and single.unit in TIMES:
        return is_same_amount(single.values[0], single.unit, span.values[0], span.unit)
    if single.unit and not row.unit and dimension(single.unit) not in ("pressure", "share"):
        return False
    return any(_is_amount(single.values[0], single.unit, value, row.unit) for value in row.values)


def as_span(row: Quantity) -> Quantity:
    """Read a pair as British notes write a span of time: 3/7 is 3 days, 4/52 is 4 weeks."""
    if len(row.values) != 2 or row.is_range or row.unit or row.values[1] not in _SHORT_SPANS:
        return row
    return Quantity(row.text, row.start, row.end, row.values[:1], _SHORT_SPANS[row.values[1]])


def _is_year_of(year: Quantity, date: Quantity) -> bool:
    if len(year.values) != 1 or year.unit or not date.dates or date.values:
        return False
    return any(found is not None and found == year.values[0] for found, _, _ in date.dates)


def _is_same_rate(one: Quantity, other: Quantity) -> bool:
    return (
        len(one.values) == len(other.values) == 1
        and one.hours is not None
        and other.hours is not None
        and _is_amount(one.values[0] * other.hours, one.unit, other.values[0] * one.hours, other.unit)
    )


def _is_in_decade(decade: Quantity, age: Quantity) -> bool:
    if decade.unit != "decade":
        return False
    if age.unit == "decade":
        return decade.values == age.values
    return age.unit in ("", *_YEARS) and decade.values[0] <= age.values[0] < decade.values[0] + 10
