"""Which of two numbers came first, and whether a value is said to have risen or fallen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from inference.checking.quantities import Quantity
from inference.checking.units import dimension

if TYPE_CHECKING:
    from inference.checking.reading import Reading

_TO = re.compile(r"\s?(?:\([^()]{0,20}\)\s?)?(?:->|→|—>|=>|>|to|and\sthen\sto|then)\s?(?:now\s)?", re.I)
_FROM_BEFORE = re.compile(
    r"\b(?:from|rose|ris\w{1,4}|fell|fall\w{0,3}|drop\w{0,4}|increas\w{1,4}|decreas\w{1,4}|reduc\w{1,4}|went"
    r"|chang\w{1,4}|improv\w{1,4}|titrat\w{1,4}|gone|gained|lower\w{1,4}|uptrend\w{0,4}|downtrend\w{0,4})"
    r"(?:\s\w{1,12}){0,2}\s?:?\s?$",
    re.I,
)
# The later number stands first: "1.2, down from 1.8", "Hb 71 (was 139)".
_BACKWARD = re.compile(
    r"[\s,(]{0,3}(?:(?:which\s|a\s|and\s)?(?:down|up|increased|decreased|reduced|raised|lowered|improved|fall\w{0,3}"
    r"|fell|risen|rose|drop\w{0,4}|changed|increase|decrease|reduction|a\srise|improvement)\sfrom"
    r"|from|was|were|previously|prev\.?|prior|compared\s(?:to|with)|instead\sof)"
    r"(?:\s(?:a|the|prior|previous|baseline|of|his|her|their|usual|admission)){0,4}\s?",
    re.I,
)
_UP = re.compile(
    r"\b(?:rose|rise|risen|rising|rises|increas(?:e|ed|es|ing)|up|uptrend\w{0,4}|higher|gained|gain|climb\w{0,3}"
    r"|raised|uptitrated|went\sup|elevated\sfrom)\b",
    re.I,
)
_DOWN = re.compile(
    r"\b(?:fell|fall|fallen|falling|falls|decreas(?:e|ed|es|ing)|down|downtrend\w{0,4}|drop\w{0,4}|lower(?:ed)?"
    r"|reduc(?:e|ed|es|ing|tion)|declin\w{1,4}|lost|loss|weaned|tapered|cut)\b",
    re.I,
)
_WINDOW = 40  # code points before or between in which a word of direction is looked for


class Change(NamedTuple):
    """From one number to another, both as they stand in one text; `is_up` None where no word says."""

    start: Quantity
    end: Quantity
    is_up: bool | None


def changes(text: str, found: Sequence[Quantity]) -> list[Change]:
    """Find the changes that a text tells from one number to the next. Linear time."""
    result = []
    for first, second in pairwise(found):
        if second.start - first.end > _WINDOW or not _are_alike(first, second):
            continue
        between = text[first.end : second.start]
        before = text[max(0, first.start - _WINDOW) : first.start]
        if _TO.fullmatch(between) and (between.strip() != "to" or _FROM_BEFORE.search(before)):
            result.append(Change(first, second, _direction(before)))
        elif _BACKWARD.fullmatch(between):
            result.append(Change(second, first, _direction(between)))
    result += [
        Change(
            Quantity("", q.start, q.end, q.values[:1], q.unit),
            Quantity("", q.start, q.end, q.values[1:], q.unit),
            _direction(before),
        )
        for q in found
        if q.is_range
        and _FROM_BEFORE.search(before := text[max(0, q.start - _WINDOW) : q.start])
        and (_direction(before) is not None or "from " in before or q.values[0] > q.values[-1])
    ]
    return result


def last_direction(text: str, end: int) -> bool | None:
    """Whether the words right before a place say up (true) or down (false); None where neither or both."""
    return _direction(text[max(0, end - _WINDOW) : end])


def aim(reading: Reading, token: int) -> Quantity | None:
    """The first amount behind a token that is reached: "decrease her prednisone dose to 1 mg"."""
    start = reading.words[token].start
    reached = (
        quantity
        for quantity in reading.quantities
        if start <= quantity.start <= start + 2 * _WINDOW
        and reading.text[: quantity.start].rstrip()[-3:].lower() in (" to", "to", ">")
    )
    return next(reached, None)


def _direction(words: str) -> bool | None:
    is_up, is_down = _UP.search(words) is not None, _DOWN.search(words) is not None
    return is_up if is_up != is_down else None


def _are_alike(one: Quantity, other: Quantity) -> bool:
    if len(one.values) != 1 or len(other.values) != 1 or one.dates or other.dates:
        return False
    return not one.unit or not other.unit or dimension(one.unit) == dimension(other.unit)
