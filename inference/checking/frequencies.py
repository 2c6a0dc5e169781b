"""How often a drug is taken: every writing of a frequency, and the drug that it belongs to."""

import re
from bisect import bisect_left
from fractions import Fraction
from typing import NamedTuple

from inference.checking.drugs import Mention
from inference.checking.tokens import Token

_NUMBERS = {
    "one": 1,
    "once": 1,
    "two": 2,
    "twice": 2,
    "three": 3,
    "thrice": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "twelve": 12,
}
_COUNT = rf"(?:\d{{1,2}}|{'|'.join(_NUMBERS)})"
_PERIOD = r"(?:hours?|hrs?|h|days?|weeks?|wks?|months?|years?)"
_NO_ORDER = (  # "daily weights", "weekly INR": what is repeated is no dose
    r"(?!\s+(?:weigh|weights?|u&es?|u\s?\+\s?es?|bloods?|ecgs?|ekgs?|monitoring|inrs?|obs|reviews?|dressings?"
    r"|doses?|max|maximum|checks?|physio\w*|fbcs?|cbcs?|bmps?|crps?|lfts?|labs?|levels?|visits?|calls?|bp|limit"
    r"|total|phone|telephone|clinic|blister|injections? of)\b)"
)
_FREQUENCY = re.compile(
    rf"""
    (?<![\w/.])(?<!not\s)(?<!never\s)(?:
        (?P<every>every\s+(?:other\s+|second\s+|alternate\s+)?(?:{_COUNT}\s?(?:(?:-|to|–)\s?{_COUNT}\s?)?)?
            (?:{_PERIOD}|morning|night|evening))
      | (?P<hourly>{_COUNT}\s?(?:(?:-|to|–)\s?\d{{1,2}}\s?)?-?\s?hourly)
      | (?P<qh>q\.?\s?\d{{1,2}}\s?(?:-\s?\d{{1,2}}\s?)?h(?:rs?|ourly|ours?)?)
      | (?P<alternate>(?:on\s+)?alternate\s+(?:days?|nights?)|qod|eod)
      | (?P<tablet>(?:1|one)\s(?:tab(?:let)?|cap(?:sule)?)\s(?:a|per|each|every)\s(?:day|week|month))
      | (?P<times>(?:{_COUNT}\s?(?:x\s?|times?\s?)?|\d\s?x\s?)(?:/\s?|a\s|per\s|each\s|every\s)
            (?:day|week|month|fortnight|year|night|morning))
      | (?P<aday>(?:(?<=mg\s)|(?<=\dg\s)|(?<=\sg\s)|(?<=mcg\s)|(?<=micrograms\s)|(?<=units\s)|(?<=tablet\s)
            |(?<=ml\s)|(?<=capsule\s)|(?<=sachet\s))(?:a|per|each|every)\sday)
      | (?P<adverb>(?:{_COUNT}\s?(?:times?|x)?\s+)?(?:(?:dai|week|night|month|fortnight|quarter|year)ly
            |annually)|every\s(?:quarter|3\smonths))
      | (?P<short>[oqb]\.?d|[btq]\.?i\.?d|[tq]\.?d\.?s|mane|nocte|qhs|qam|qpm|p\.?r\.?n)
      | (?P<night>(?:once\s+)?(?:at\s+night|(?:at|before)\s+bed\s?time|at\s+bed|in\s+the\s+evenings?))
      | (?P<morning>(?:once\s+)?in\s+the\s+mornings?)
      | (?P<weekday>(?:on\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)days)
      | (?P<needed>(?:as|when|if)\s+(?:needed|required|necessary))
    )(?![\w/])\.?{_NO_ORDER}
    """,
    re.IGNORECASE | re.VERBOSE,
)
# These are also words ("on"), names or units: only in capitals, or right behind a dose and before a mark.
_AFTER_DOSE = re.compile(
    r"\d\s?(?:mg|mcg|micrograms|g|units?|iu|u|ml|tablets?|puffs?)?\s(?P<mark>on|om|hs)(?=\s*(?:$|[,.;:()|/-]))",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"(?<=\s)(?P<mark>ON|OM)(?![\w/])")
_SHORT = {
    "od": (1, ""),
    "qd": (1, ""),
    "bd": (2, ""),
    "bid": (2, ""),
    "tds": (3, ""),
    "tid": (3, ""),
    "qds": (4, ""),
    "qid": (4, ""),
    "mane": (1, "morning"),
    "om": (1, "morning"),
    "qam": (1, "morning"),
    "nocte": (1, "night"),
    "on": (1, "night"),
    "hs": (1, "night"),
    "qhs": (1, "night"),
    "qpm": (1, "night"),
}
_LEADING = re.compile(
    r"\s*(?:(?:dose|sachet|tablet|capsule|puff|injection|drop)s?\s+(?:of\s+)?|oral\s+|iv\s+|po\s+|s/?c\s+)?",
    re.IGNORECASE,
)
_OPENS = re.compile(r"(?:^|[,;:(]|\b(?:and|on|a|with|plus|of|takes|taking))\s*(?:\S+\s)?$", re.IGNORECASE)
_SHARED = re.compile(r"\s*(?:and|&|plus|/)\s*(?:both\s*)?", re.IGNORECASE)


class Frequency(NamedTuple):
    """How often, as written at [start:end] of its text.

    Attributes:
        per_day: doses in a day; None for "as needed".
        moment: "morning", "night", or "" where none is said.
    """

    text: str
    start: int
    end: int
    per_day: Fraction | None
    moment: str


def frequencies(text: str) -> list[Frequency]:
    """Find every frequency of a text, from left to right. Linear time."""
    found = [_frequency(match) for match in _FREQUENCY.finditer(text)]
    taken = [(frequency.start, frequency.end) for frequency in found]
    for pattern in (_AFTER_DOSE, _CAPITALS):
        for match in pattern.finditer(text):
            start, end = match.span("mark")
            if not any(start < last and first < end for first, last in taken):
                count, moment = _SHORT[match["mark"].lower()]
                found.append(Frequency(match["mark"], start, end, Fraction(count), moment))
                taken.append((start, end))
    return sorted(found, key=lambda frequency: frequency.start)


def _frequency(match: re.Match[str]) -> Frequency:
    text = match[0].rstrip(".")
    words = text.lower()
    per_day, moment = _meaning(match.lastgroup or "", words)
    return Frequency(text, match.start(), match.start() + len(text), per_day, moment)


def _meaning(kind: str, words: str) -> tuple[Fraction | None, str]:
    plain = words.replace(".", "")
    moment = next((m for m, cues in _MOMENTS if any(cue in plain for cue in cues)), "")
    if plain == "prn" or kind == "needed":
        return None, ""
    if kind == "short":
        count, moment = _SHORT[plain]
        return Fraction(count), moment
    if kind in {"night", "morning"}:
        return Fraction(1), moment
    if kind == "alternate":
        return Fraction(1, 2), moment
    if kind == "aday":
        return Fraction(1), ""
    if kind == "weekday":
        return Fraction(1, 7), ""
    count = _first_number(plain)
    if kind in {"hourly", "qh"}:
        return Fraction(24, max(count, 1)), ""
    hours = next((hours for unit, hours in _UNITS if unit in plain), 24)
    if kind == "every":
        step = 2 if any(word in plain for word in ("other", "second", "alternate")) else max(count, 1)
        return Fraction(24, hours * step), moment
    return Fraction(24 * max(count, 1), hours), moment


_MOMENTS = (("morning", ("morning",)), ("night", ("night", "bed", "evening")))
_UNITS = (
    ("fortnight", 336),
    ("night", 24),
    ("morning", 24),
    ("evening", 24),
    ("dai", 24),
    ("day", 24),
    ("week", 168),
    ("wk", 168),
    ("month", 730),
    ("quarter", 2190),
    ("3 months", 2190),
    ("year", 8760),
    ("annual", 8760),
    ("h", 1),
)


def _first_number(words: str) -> int:
    found = re.search(rf"\d{{1,2}}|(?<![a-z])(?:{'|'.join(_NUMBERS)})(?![a-z])", words)
    if found is None:
        return 1
    return int(found[0]) if found[0].isdigit() else _NUMBERS[found[0]]


def bind(
    text: str, words: list[Token], drugs: list[Mention], found: list[Frequency]
) -> dict[Mention, tuple[Frequency, ...]]:
    """Give each drug its frequencies: those after it up to the next drug, or one right before it.

    Drugs joined by "and" share the one that follows the last of them.
    """
    bound: dict[Mention, tuple[Frequency, ...]] = {}
    if not found:
        return bound
    starts = [frequency.start for frequency in found]
    until, begins = len(text), len(text)  # where the drug's text ends; where the drug after it begins
    for index in range(len(drugs) - 1, -1, -1):
        mention = drugs[index]
        start, past = words[mention.first].start, words[mention.past - 1].end
        if begins < len(text) and not _SHARED.fullmatch(text, past, begins):
            until = begins
        own = found[bisect_left(starts, past) : bisect_left(starts, until)]
        if own and until < len(text) and _leads_to(text, own[-1], until):
            own = own[:-1]
        place = bisect_left(starts, start)
        if place and _leads_to(text, found[place - 1], start, is_first=index == 0):
            own = [found[place - 1], *own]
        bound[mention] = tuple(own)
        begins = start
    return bound


def _leads_to(text: str, frequency: Frequency, start: int, *, is_first: bool = False) -> bool:
    """Tell whether a frequency stands right before a drug and is its own: "and once weekly methotrexate"."""
    if not _LEADING.fullmatch(text, frequency.end, start):
        return False
    return is_first or _OPENS.search(text[max(0, frequency.start - 30) : frequency.start]) is not None
