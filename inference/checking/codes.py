"""Names with a number in them, and days of the week: "L4" is not "L5", "Tuesday" not "Thursday"."""

import re
from collections.abc import Sequence

from inference.checking.evidence import cited
from inference.checking.flags import Flag, quoted
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_CODE = re.compile(r"(?P<head>[a-z]{1,3})(?P<number>\d{1,2})(?P<tail>[a-z]{0,2})")
_DAYS = {
    short: day
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for short in (day, f"{day}s", day[:3])
} | {"tues": "tuesday", "weds": "wednesday", "thurs": "thursday", "thur": "thursday"}
# "Sun", "wed" and "sat" are words too.
_AMBIGUOUS = frozenset({"sun", "wed", "sat", "mon"})
_FREE = frozenset({"sp", "co", "b", "h", "x", "q", "p", "e", "fev", "d", "cyp", "po", "pao", "pco"})


def check(claim: Reading, sources: Sequence[Reading]) -> list[Flag]:
    """Flag a code or a day of the week where the sources have another one of its kind and not this one."""
    flags = []
    for kind, find in (("Code", _codes), ("Day", _days), ("Count", _ordinals)):
        ours = find(claim)
        if not ours:
            continue
        theirs: dict[str, set[str]] = {}
        for source in sources:
            for _, family, name in find(source):
                theirs.setdefault(family, set()).add(name)
        for index, family, name in ours:
            known = theirs.get(family)
            if not known or name in known or any(_is_within(name, source) for source in sources):
                continue
            word = claim.text[claim.words[index].start : claim.words[index].end]
            flags.append(
                Flag(
                    "number",
                    Severity.CRITICAL,
                    f"{kind}: the claim says {quoted(word)}; {cited(sources)} says "
                    f"{quoted(', '.join(sorted(known)))}.",
                    frozenset({index}),
                )
            )
    return flags


def _codes(reading: Reading) -> list[tuple[int, str, str]]:
    found = []
    for index, word in enumerate(reading.words):
        match = _CODE.fullmatch(word.lower) if len(word.lower) <= 7 else None
        if match is not None and match["head"] not in _FREE:
            found.append((index, f"{match['head']}#{match['tail']}", word.lower))
    return found


def _days(reading: Reading) -> list[tuple[int, str, str]]:
    return [
        (index, "day", _DAYS[word.lower])
        for index, word in enumerate(reading.words)
        if word.lower in _DAYS and word.lower not in _AMBIGUOUS
    ]


def _ordinals(reading: Reading) -> list[tuple[int, str, str]]:
    """ "Second", "3rd": which one of several; "first" is also said of time, "a second" is one."""
    found = []
    words = reading.words
    for index, word in enumerate(words[:-1]):
        following = words[index + 1].lower
        if word.lower in _ORDINALS and following[0].isalpha() and following not in _AFTER_NO_ORDINAL:
            found.append((index, "ordinal", _ORDINALS[word.lower]))
        elif word.lower.isdecimal() and following in ("st", "nd", "rd", "th"):
            behind = words[index + 2].lower if index + 2 < len(words) else "."
            if behind[0].isalpha() and behind[:3] not in _MONTHS:
                found.append((index, "ordinal", word.lower))
    return found


_ORDINALS = {"second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7"}
_AFTER_NO_ORDINAL = frozenset(
    {"to", "of", "opinion", "or", "and", "hand", "line", "time", "party", "trimester"}
)
_MONTHS = frozenset(
    {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "of"}
)


def _is_within(name: str, source: Reading) -> bool:
    """Tell whether a source has "L4-5" or "L4/5" for "L5", or a level between two of a span."""
    match = _CODE.fullmatch(name)
    if match is None:
        return False
    words = source.words
    for index, word in enumerate(words[:-2]):
        head = _CODE.fullmatch(word.lower) if len(word.lower) <= 7 else None
        if head is None or head["head"] != match["head"] or words[index + 1].lower not in ("-", "/", "–"):
            continue
        last = re.sub(r"^[a-z]{1,3}(?=\d)", "", words[index + 2].lower)
        if len(last) <= 2 and last.isdecimal() and int(head["number"]) <= int(match["number"]) <= int(last):
            return True
    return False
