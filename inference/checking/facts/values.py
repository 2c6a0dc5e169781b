"""Abnormal vital signs and laboratory values: marked so, or outside the range given or the usual one."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from inference.checking.facts.fact import Found
from inference.checking.facts.lines import Line, trimmed
from inference.checking.facts.lists import folded, word_list
from inference.checking.lexicons import lexicon
from inference.checking.phrases import Found as Hit
from inference.checking.phrases import PhraseTable
from inference.checking.quantities import Quantity
from inference.checking.scopes import Sense
from inference.checking.sections import SectionKind
from inference.vocabulary import FactKind

_NEVER = frozenset({SectionKind.FAMILY, SectionKind.WARNINGS, SectionKind.ALLERGIES, SectionKind.SOCIAL})
_TO_VALUE = 6  # tokens between a measure and its value
_MARK = re.compile(r"\s?[(\[]?(?:(?:HH|LL|H|L|[Hh]igh|[Ll]ow|[Ee]levated|[Rr]aised)\b|\*|↑|↓)")
_CRITICAL = re.compile(
    r"\bCRITICAL\b|\bcritical(?: (?:value|result|high|low))?\b|\b(?:HH|LL)\b|\bpanic value\b"
)
_NUMBER = r"\d{1,6}(?:\.\d{1,4})?"
_RANGE = re.compile(
    rf"(?:ref(?:erence)?|normal|range|nr)[ :.]{{1,3}}(?:range )?"
    rf"(?:(?P<low>{_NUMBER}) ?(?:-|–|to) ?(?P<high>{_NUMBER})|(?P<sign>[<>≤≥]) ?(?P<limit>{_NUMBER}))",
    re.IGNORECASE,
)
_CHILD = re.compile(
    r"\b(?:\d{1,2}[- ](?:month|week|day)s?[- ]old"
    r"|(?:[1-9]|1[0-5])[- ]?(?:years?|yrs?|yo|y/o)\b[- ]?(?:old)?)",
    re.IGNORECASE,
)
_BEGINNING = 1500  # characters in which a note tells how old its patient is


class _Measure(NamedTuple):
    name: str
    kind: FactKind
    ranges: tuple[dict[str, Any], ...]


@cache
def _measures() -> PhraseTable[_Measure]:
    return PhraseTable(
        (folded(name), _Measure(row["name"], FactKind(row["kind"]), tuple(row["ranges"])))
        for row in lexicon("lab_ranges")["measure"]
        for name in row["names"]
    )


class Value(NamedTuple):
    """A measure with its number, as a text gives them.

    Attributes:
        measure: its usual name.
        quantity: the number, None where only a word tells ("low potassium").
        first: first token of the measure's name.
    """

    measure: str
    quantity: Quantity | None
    first: int


def find_abnormal_values(lines: list[Line], text: str) -> Iterator[Found]:
    """Find the abnormal values, one a fact. The lexicon's ranges count for adults only."""
    is_adult = _CHILD.search(text, 0, _BEGINNING) is None
    for line in lines:
        if line.section not in _NEVER:
            yield from _of_line(line, is_adult)


def values(line: Line) -> list[Value]:
    """Every measure of a line that has a number."""
    hits = line.find(_measures())
    return [
        Value(hit.value.name, quantity, hit.first)
        for index, hit in enumerate(hits)
        if (quantity := _quantity_of(line, hit, hits[index + 1].first if index + 1 < len(hits) else None))
    ]


def _of_line(line: Line, is_adult: bool) -> Iterator[Found]:
    hits = line.find(_measures())
    reading = line.reading
    taken = {index for drug in reading.drugs for index in range(drug.first, drug.past)}
    for index, hit in enumerate(hits):
        following = hits[index + 1].first if index + 1 < len(hits) else None
        if hit.first in taken or _is_aim(line, hit) or _is_of_other_fluid(line, hit):
            continue
        quantity = _quantity_of(line, hit, following)
        if quantity is not None and (
            _is_threshold(line, hit, quantity) or _is_date_like(line, hit, quantity)
        ):
            continue
        if quantity is None:
            if (told := _told(line, hit)) is not None:
                yield Found(hit.value.kind, (hit.value.name, "told"), told, line.number, False)
            if reading.is_row:
                return
            continue
        if line.sense(hit.first, hit.past) & (Sense.NEGATED | Sense.HYPOTHETICAL | Sense.FAMILY):
            continue
        shown = [quantity]
        if reading.is_row and hit.first <= 1:
            shown += [
                q for q in reading.quantities if q.start > quantity.start and _is_shown(reading.text, q)
            ]
        found = _judge(line, hit, shown, is_adult)
        if found is not None:
            words = trimmed(reading.text) if reading.is_row else _stretch(line, hit, quantity, following)
            key = (hit.value.name, *(str(value.normalize()) for value in quantity.values))
            yield Found(hit.value.kind, key, words, line.number, found)
        if reading.is_row:
            return


def _quantity_of(line: Line, hit: Hit[_Measure], following: int | None) -> Quantity | None:
    """The number behind a measure, over "was", "of" and the like, before the next measure."""
    words = line.reading.words
    for index in range(hit.past, min(hit.past + _TO_VALUE, len(words))):
        if following is not None and index >= following:
            return None
        word = words[index].lower
        if word[0].isdigit():
            place = bisect_right(line.reading.quantities, words[index].start, key=lambda q: q.start) - 1
            found = line.reading.quantities[place] if place >= 0 else None
            if found is None or found.end <= words[index].start:
                return None
            if words[index - 1].lower == "from":
                found = _target(line, found) or found  # "fell from 168 to 9": 9 counts
            if not found.values or _is_time(found):
                return None
            return None if _TIMES.match(line.reading.text, found.end) else found
        if word not in word_list("values", "links"):
            return None
    return None


def _is_of_other_fluid(line: Line, hit: Hit[_Measure]) -> bool:
    """Tell whether a value is of urine, ascites and the like: the ranges are of blood."""
    if hit.value.kind is not FactKind.LABORATORY:
        return False
    words = line.reading.words
    clause = line.clause_at(hit.first)
    near = (word.lower for word in words[max(clause.first, hit.first - _FLUID) : hit.first + _FLUID])
    return not word_list("values", "fluids").isdisjoint(near)


_FLUID = 8  # tokens on either side


_TIMES = re.compile(r"\s?(?:(?:to|-)\s?\d{1,2}\s?)?(?:times|x)\b")  # "blood sugar 2 to 3 times a day"


def _is_time(quantity: Quantity) -> bool:
    return quantity.unit in {"clock", "day", "days", "week", "weeks", "month", "months", "year", "years"}


def _target(line: Line, quantity: Quantity) -> Quantity | None:
    place = bisect_right(line.reading.quantities, quantity.end, key=lambda q: q.start)
    later = line.reading.quantities[place] if place < len(line.reading.quantities) else None
    between = line.reading.text[quantity.end : later.start].strip() if later else ""
    if between not in {"to", "down to", "up to"}:
        return None
    return later


def _is_shown(text: str, quantity: Quantity) -> bool:
    """Tell whether a number of a row is a value, not a date or the power in a unit (10^9/L)."""
    is_power = (
        text[quantity.end : quantity.end + 1] == "^" or text[quantity.start - 1 : quantity.start] == "^"
    )
    return bool(quantity.values) and not quantity.dates and not is_power


def _is_aim(line: Line, hit: Hit[_Measure]) -> bool:
    words = line.reading.words
    near = (*words[max(0, hit.first - 4) : hit.first], *words[hit.past : hit.past + 2])
    return any(word.lower in word_list("values", "aims") for word in near)


def _is_threshold(line: Line, hit: Hit[_Measure], quantity: Quantity) -> bool:
    """Tell whether a value is a limit at which something is done: "transfuse Hgb < 7"."""
    text, words = line.reading.text, line.reading.words
    clause = line.clause_at(hit.first)
    has_sign = bool(_SIGN.search(text, words[hit.past - 1].end, quantity.end))
    low = max(clause.first, hit.first - _TO_LIMIT)
    before = {word.lower for word in words[low : hit.first]}
    if not before.isdisjoint(word_list("values", "conditions")):
        return True
    after = {word.lower for word in words[hit.past : hit.past + _TO_LIMIT]}
    return has_sign and not (before | after).isdisjoint(word_list("values", "acts"))


_SIGN = re.compile(r"[<>≤≥]|\b(?:below|above|under|over|less than|more than|greater than)\b", re.IGNORECASE)
_TO_LIMIT = 8  # tokens


def _is_date_like(line: Line, hit: Hit[_Measure], quantity: Quantity) -> bool:
    """Tell whether "plts 5/19" is a date: only pressures and scores have two numbers."""
    is_pair = "/" in line.reading.text[quantity.start : quantity.end] and len(quantity.values) > 1
    return hit.value.kind is FactKind.LABORATORY and (bool(quantity.dates) or is_pair)


def _told(line: Line, hit: Hit[_Measure]) -> str | None:
    """The words that call a measure abnormal without a number: "elevated troponin", "potassium low"."""
    words = line.reading.words
    name = line.reading.text[words[hit.first].start : words[hit.past - 1].end]
    if len(name) < _SHORTEST:
        return None
    clause = line.clause_at(hit.first)
    near = (*words[max(clause.first, hit.first - 2) : hit.first], *words[hit.past : hit.past + 3])
    if not any(word.lower in word_list("values", "abnormal") for word in near):
        return None
    sense = line.sense(hit.first, hit.past)
    if sense & ~Sense.ENDED:
        return None
    return _around(line, hit, clause.start, clause.end)


_SHORTEST = 2  # letters of a name that count without a number: "K" and "T" do not


def _around(line: Line, hit: Hit[_Measure], start: int, end: int) -> str:
    """The stretch between commas around a measure."""
    text, words = line.reading.text, line.reading.words
    left = max(start, text.rfind(", ", start, words[hit.first].start) + 1)
    right = text.find(", ", words[hit.past - 1].end, end)
    return trimmed(text[left : right if right >= 0 else end])


def _judge(line: Line, hit: Hit[_Measure], shown: list[Quantity], is_adult: bool) -> bool | None:
    """Whether a value is critical; None where nothing says that it is abnormal."""
    text = line.reading.text
    tail = text[shown[0].start : shown[-1].end + 24]
    marked = any(_MARK.match(text, _past_unit(text, quantity)) for quantity in shown)
    words = line.reading.words
    said = {
        word.lower for word in (*words[max(0, hit.first - 2) : hit.first], *words[hit.past : hit.past + 4])
    }
    marked = marked or not word_list("values", "abnormal").isdisjoint(said)
    verdicts = []
    given = _RANGE.search(text, shown[0].start, shown[-1].end + _TO_RANGE)
    for quantity in shown:
        if given is not None and _is_of_range(quantity, given):
            continue
        verdicts.append(_compare(hit.value, quantity, is_adult))
    is_critical = _CRITICAL.search(tail) is not None or any(verdict is True for verdict in verdicts[-1:])
    if given is not None:
        own = [quantity for quantity in shown if not _is_of_range(quantity, given)]
        outside = any(_is_outside(quantity.values[0], given) for quantity in own)
        return is_critical if outside or marked else None
    if marked or is_critical:
        return is_critical
    return False if any(verdict is not None for verdict in verdicts) else None


_TO_RANGE = 40  # characters between a value and the range printed behind it


def _past_unit(text: str, quantity: Quantity) -> int:
    """Where the words behind a value and its unit begin; "131 L" has no unit but a mark."""
    end = quantity.end
    after = text[end : end + 14].lstrip()
    if after and not quantity.unit:
        unit = after.split(" ")[0]
        if "/" in unit and not unit[0].isdigit():
            return text.index(unit, end) + len(unit)
    return end


def _is_of_range(quantity: Quantity, given: re.Match[str]) -> bool:
    return given.start() <= quantity.start < given.end() + 1


def _is_outside(value: Decimal, given: re.Match[str]) -> bool:
    if given["low"]:
        return not Decimal(given["low"]) <= value <= Decimal(given["high"])
    limit = Decimal(given["limit"])
    return value > limit if given["sign"] in "<≤" else value < limit


def _compare(measure: _Measure, quantity: Quantity, is_adult: bool) -> bool | None:
    """Compare with the lexicon: None within the range or not comparable, else whether far outside."""
    if not is_adult:
        return None
    value = float(quantity.values[0])
    for row in measure.ranges:
        if quantity.unit and quantity.unit not in row["units"]:
            continue
        if (not quantity.unit or quantity.unit == "%") and not row["least"] <= value <= row["most"]:
            continue
        second = float(quantity.values[1]) if len(quantity.values) > 1 and "second_low" in row else None
        if second is not None and not row["least"] <= value <= row["most"]:
            return None
        is_far = value < row["critical_low"] or value > row["critical_high"]
        is_out = is_far or value < row["low"] or value > row["high"]
        if second is not None:
            is_far = is_far or second >= row["second_critical_high"]
            is_out = is_out or not row["second_low"] <= second <= row["second_high"]
        return is_far if is_out else None
    return None


def _stretch(line: Line, hit: Hit[_Measure], quantity: Quantity, following: int | None) -> str:
    """The measure, its value, and what follows up to the next comma, "and" or measure."""
    text, words = line.reading.text, line.reading.words
    start = words[hit.first].start
    if hit.first and words[hit.first - 1].lower in word_list("values", "abnormal"):
        start = words[hit.first - 1].start
    end = words[following].start if following is not None else len(text)
    for joint in (", ", "; ", " and ", ". ", " with ", " | "):
        place = text.find(joint, quantity.end, end)
        end = place if place >= 0 else end
    return trimmed(text[start:end]).rstrip(".")
