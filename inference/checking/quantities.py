"""Numbers in clinical text: values with units, pairs such as 120/80, dates and clock times.

The unit table is the project's own (general units libraries read "18 units" as candela). Equal amounts in
different writing are equal: "1.0 g" and "1000 mg", "2 g/dL" and "20 g/L", "14 May 2025" and "14/05/2025".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

# unit -> (dimension, factor to the dimension's base). Keys are lower case, without white space.
_UNIT_ROWS: tuple[tuple[str, str, str], ...] = (
    ("mass", "1000000", "kg kgs kilo kilos kilogram kilograms"),
    ("mass", "1000", "g gm gms gram grams"),
    ("mass", "1", "mg mgs milligram milligrams"),
    ("mass", "0.001", "mcg mcgs µg μg ug microgram micrograms"),
    ("mass", "0.000001", "ng nanogram nanograms"),
    ("mass", "453592.37", "lb lbs pound pounds"),
    ("volume", "1000", "l litre litres liter liters l/min"),
    ("volume", "1", "ml mls millilitre millilitres milliliter milliliters cc"),
    ("length", "1000", "m metre metres meter meters"),
    ("length", "10", "cm cms centimetre centimetres centimeter centimeters"),
    ("length", "1", "mm millimetre millimetres millimeter millimeters"),
    ("length", "25.4", "inch inches"),
    ("length", "304.8", "ft foot feet"),
    ("time", "0.001", "ms msec"),
    ("time", "1", "sec secs second seconds"),
    ("time", "60", "min mins minute minutes"),
    ("time", "3600", "h hr hrs hour hours"),
    ("time", "86400", "day days"),
    ("time", "604800", "week weeks wk wks"),
    ("months", "1", "month months mth mths"),
    ("months", "12", "year years yr yrs"),
    ("temperature_c", "1", "°c degreesc degc"),
    ("temperature_f", "1", "°f degreesf degf"),
    ("pressure", "1", "mmhg"),
    ("pressure_kpa", "1", "kpa"),
    ("rate", "1", "bpm /min breaths/min beats/min"),
    ("share", "1", "% percent percentage"),
    ("activity", "1", "unit units iu u"),
    ("molar", "1", "mmol/l"),
    ("molar", "0.001", "umol/l µmol/l μmol/l micromol/l"),
    ("molar_ratio", "1", "mmol/mol"),
    ("amount", "1", "mmol"),
    ("equivalents", "1", "meq/l"),
    ("equivalent", "1", "meq"),
    ("concentration", "1", "mg/l mcg/ml ug/ml µg/ml μg/ml"),
    ("concentration", "1000", "g/l mg/ml"),
    ("concentration", "10000", "g/dl"),
    ("concentration", "10", "mg/dl"),
    ("concentration", "0.001", "ug/l µg/l μg/l mcg/l ng/ml"),
    ("concentration", "0.000001", "ng/l pg/ml"),
    ("activity_concentration", "1", "u/l iu/l units/l"),
    ("activity_concentration", "0.001", "mu/l miu/l"),
    ("clearance", "1", "ml/min ml/min/1.73m2 ml/min/1.73m²"),
    ("flow", "1", "ml/h ml/hr"),
    ("mass_rate", "1", "mg/h mg/hr"),
    ("mass_rate", "0.001", "mcg/h mcg/hr micrograms/hour"),
    ("mass_per_mass", "1", "mg/kg"),
    ("mass_per_mass", "0.001", "mcg/kg"),
    ("cell_count", "1", "x10^9/l x10⁹/l x109/l 10^9/l"),
    ("cell_volume", "1", "fl"),
    ("cell_mass", "1", "pg"),
    ("body_mass_index", "1", "kg/m2 kg/m²"),
    ("dose_form", "1", "tablet tablets tab tabs capsule capsules cap caps"),
    ("puffs", "1", "puff puffs"),
    ("drops", "1", "drop drops"),
    ("packs", "1", "packyears pack-years packyear"),
)
UNITS: dict[str, tuple[str, Decimal]] = {
    unit: (dimension, Decimal(factor)) for dimension, factor, units in _UNIT_ROWS for unit in units.split()
}
TIME_DIMENSIONS = frozenset({"time", "months"})
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_WORDS = {
    word: Decimal(value)
    for value, word in (
        (2, "two"), (3, "three"), (4, "four"), (5, "five"), (6, "six"), (7, "seven"), (8, "eight"),
        (9, "nine"), (10, "ten"), (11, "eleven"), (12, "twelve"), (14, "fourteen"), (20, "twenty"),
        (30, "thirty"),
    )
}  # fmt: skip
_UNIT = "|".join(
    re.escape(unit).replace("degrees", r"degrees?\s?").replace("mmhg", r"mm\s?hg").replace("pack", r"pack\s?")
    for unit in sorted(UNITS, key=len, reverse=True)
)
_ORDINAL = r"(?:st|nd|rd|th)?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_QUANTITY = re.compile(
    rf"""
      (?<![\w.^/])(?:
        (?P<iso>\d{{4}}-\d{{2}}-\d{{2}})(?!\d)
      | (?P<dmy>{_DAY}(?P<mark>[/.-]){_DAY}(?P=mark)(?:\d{{4}}|\d{{2}}))(?![\d/])
      | (?P<dmon>\d{{1,2}}{_ORDINAL}\s(?:of\s)?{_MONTH}(?:,?\s\d{{4}}(?!\d))?)
      | (?P<clock>\d{{1,2}}:\d{{2}})(?!\d)
      | (?P<number>(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?)
        (?P<rest>(?:\s?/\s?\d+(?:\.\d+)?){{1,3}}(?![\d/]))?
        (?:\s?-?(?P<unit>{_UNIT})(?![^\W_]))?
      )
    | (?<![^\W_])(?P<mond>{_MONTH}\s\d{{1,2}}{_ORDINAL}(?!\d)(?:,?\s\d{{4}}(?!\d))?)
    | (?<![^\W_])(?P<mony>{_MONTH}\s\d{{4}}(?!\d))
    | (?<![^\W_])(?P<word>{"|".join(_WORDS)})
        (?:[\s-](?P<wordunit>{_UNIT})(?![^\W_]))?(?![^\W_])
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HINT = re.compile(
    rf"\d|(?<![^\W_])(?:{'|'.join(_WORDS)})(?![^\W_])", re.IGNORECASE
)  # half of all sentences have none
_SHORT_SPANS = {Decimal(7): "days", Decimal(52): "weeks", Decimal(12): "months", Decimal(24): "hours"}

Date = tuple[int | None, int, int | None]  # year, month, day


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it stands in a text.

    Attributes:
        text: as written, with its unit.
        start: first code point in its text.
        end: one past the last.
        values: the number, or all numbers of a row (120/80, 92/55/22); empty for a date.
        unit: lower-case unit, "" where none is written.
        dates: the days it can mean (13/05 is one of a pair too); day or year None where not given.
        is_word: written in letters.
    """

    text: str
    start: int
    end: int
    values: tuple[Decimal, ...]
    unit: str = ""
    dates: frozenset[Date] = frozenset()
    is_word: bool = False


def quantities(text: str) -> list[Quantity]:
    """Find every number of a text, from left to right. Digits inside a word ("L5", "T2DM") are no numbers."""
    if not _HINT.search(text):
        return []
    return [_quantity(match) for match in _QUANTITY.finditer(text)]


def _quantity(match: re.Match[str]) -> Quantity:
    kind = match.lastgroup
    text, start, end = match[0], match.start(), match.end()
    if match["number"]:
        first = Decimal(match["number"].replace(",", ""))
        unit = "".join((match["unit"] or "").lower().split())
        if match["unit"] in {"L", "H"}:  # "131 L" in a laboratory table is a low value
            unit = ""
        if not match["rest"]:
            return Quantity(text, start, end, (first,), unit)
        row = (first, *(Decimal(part.strip()) for part in match["rest"].split("/")[1:]))
        return Quantity(text, start, end, row, unit, _day_and_month(*row) if len(row) == 2 else frozenset())
    if match["word"]:
        unit = (match["wordunit"] or "").lower()
        return Quantity(text, start, end, (_WORDS[match["word"].lower()],), unit, is_word=True)
    if match["clock"]:
        return Quantity(text, start, end, tuple(map(Decimal, text.split(":"))), "clock")
    return Quantity(text, start, end, (), "", _dates(kind or "", text.lower()))


def _dates(kind: str, text: str) -> frozenset[Date]:
    digits = [int(number) for number in re.findall(r"\d+", text)]
    if kind == "iso":
        return frozenset({(digits[0], digits[1], digits[2])})
    if kind == "dmy":
        first, second, year = digits
        year += 2000 if year < 50 else 1900 if year < 100 else 0
        return frozenset(
            (year, month, day) for day, month in ((first, second), (second, first)) if month <= 12
        )
    name = re.search(r"[a-z]{3,}", re.sub(r"\d+(?:st|nd|rd|th)|\bof\b", " ", text))
    month = _MONTHS.index(name[0][:3]) + 1 if name else 0
    if kind == "mony":
        return frozenset({(digits[0], month, None)})
    return frozenset({(digits[1] if len(digits) > 1 else None, month, digits[0])})


def _day_and_month(first: Decimal, second: Decimal) -> frozenset[Date]:
    """Read 13/05 as a day of the year, either way round, where the numbers allow it."""
    if first != int(first) or second != int(second):
        return frozenset()
    options = ((int(first), int(second)), (int(second), int(first)))
    return frozenset((None, month, day) for day, month in options if 1 <= day <= 31 and 1 <= month <= 12)


def is_same(claimed: Quantity, given: Quantity) -> bool:
    """Tell whether two quantities can mean the same: equal amounts, or days that do not differ."""
    if claimed.dates and given.dates and (not claimed.values or not given.values):
        return any(_fits(one, other) for one in claimed.dates for other in given.dates)
    if claimed.values and claimed.values == given.values and _units_agree(claimed.unit, given.unit):
        return True
    if len(claimed.values) == 1 and len(given.values) == 1:
        return _same_amount(claimed, given)
    if len(claimed.values) > 1 and len(given.values) == 1:
        return given.unit in TIMES and _is_short_span(given, claimed)
    if len(claimed.values) == 1 and len(given.values) > 1:  # "104 systolic" for 104/62
        if claimed.unit in TIMES and given.values[1] in _SHORT_SPANS:
            return _is_short_span(claimed, given)
        return claimed.values[0] in given.values and _units_agree(claimed.unit, given.unit)
    return False


def _is_short_span(time: Quantity, pair: Quantity) -> bool:
    """Tell whether a pair is a span of time as British notes write it: 3/7 is 3 days, 4/52 is 4 weeks."""
    span = _SHORT_SPANS.get(pair.values[1])
    return span is not None and _same_amount(time, Quantity("", 0, 0, pair.values[:1], span))


TIMES = frozenset(unit for unit, (dimension, _) in UNITS.items() if dimension in TIME_DIMENSIONS)


def _same_amount(claimed: Quantity, given: Quantity) -> bool:
    if not claimed.unit or not given.unit or claimed.unit == given.unit:
        return claimed.values == given.values
    if claimed.unit not in UNITS or given.unit not in UNITS:
        return False
    (dimension, factor), (other_dimension, other_factor) = UNITS[claimed.unit], UNITS[given.unit]
    return dimension == other_dimension and claimed.values[0] * factor == given.values[0] * other_factor


def _units_agree(unit: str, other: str) -> bool:
    return not unit or not other or unit == other or (unit in UNITS and UNITS[unit] == UNITS.get(other))


def _fits(one: Date, other: Date) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def is_among(claimed: Quantity, given: Iterable[Quantity]) -> bool:
    """Tell whether a quantity occurs among others; a pair may also occur as its two numbers apart."""
    known = list(given)
    if any(is_same(claimed, quantity) for quantity in known):
        return True
    if len(claimed.values) > 1:
        parts = [Quantity("", 0, 0, (value,), claimed.unit) for value in claimed.values]
        singles = [quantity for quantity in known if len(quantity.values) == 1]
        return all(any(is_same(part, quantity) for quantity in singles) for part in parts)
    return False
