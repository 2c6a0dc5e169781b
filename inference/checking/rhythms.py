"""How often a thing is done that is no drug: drinks at weekends are not drinks every day."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from inference.checking.dimensions import plain_stems
from inference.checking.flags import Flag, quoted
from inference.checking.frequencies import Frequency
from inference.checking.reading import Reading
from inference.checking.tokens import Token
from inference.vocabulary import Severity

_VAGUE = re.compile(
    r"\b(?:(?P<weekend>(?:(?:on|at|over)\s)?(?:the\s)?weekends?)"
    r"|(?P<most>most\s(?:days|nights|mornings|evenings)|nearly\severy\s(?:day|night)))\b",
    re.IGNORECASE,
)
_OF_VAGUE = {"weekend": Fraction(2, 7), "most": Fraction(6, 7)}
_MOST = 40  # frequencies of a text: more stand in no sentence
_REACH = 6  # tokens on either side that tell what is done so often
_BREAKS = frozenset(";.!?")
_ALIKE = 2  # times as often, up to which a vague writing may mean the same


class Rhythm(NamedTuple):
    """A frequency of no drug, with the names of the words around it."""

    frequency: Frequency
    is_vague: bool
    names: frozenset[str]


def check(claim: Reading, sources: Sequence[Reading]) -> list[Flag]:
    """Flag how often something is done where the sources give another frequency for it, and this one nowhere.

    At most one flag; frequencies of drugs are compared elsewhere.
    """
    ours = _rhythms(claim)
    if not ours:
        return []
    theirs = [(source, rhythm) for source in sources for rhythm in _rhythms(source)]
    said = [frequency for source in sources for frequency in source.frequencies]
    for own in ours:
        if any(_agree(own, Rhythm(frequency, False, frozenset())) for frequency in said):
            continue
        against = [(source, other) for source, other in theirs if own.names & other.names]
        if not against or any(_agree(own, other) for _, other in theirs):
            continue
        source, other = against[0]
        start, end = own.frequency.start, own.frequency.end
        return [
            Flag(
                "frequency",
                Severity.WARNING,
                f"Frequency: the claim says {quoted(own.frequency.text)}; sentence {source.number} says "
                f"{quoted(other.frequency.text)}.",
                frozenset(i for i, word in enumerate(claim.words) if start <= word.start < end),
            )
        ]
    return []


def _agree(one: Rhythm, other: Rhythm) -> bool:
    ours, theirs = one.frequency.per_day, other.frequency.per_day
    if ours is None or theirs is None or ours == theirs:
        return True
    return (one.is_vague or other.is_vague) and max(ours, theirs) < _ALIKE * min(ours, theirs)


def _rhythms(reading: Reading) -> list[Rhythm]:
    owned = {frequency for own in reading.frequencies_of.values() for frequency in own}
    exact = [f for f in reading.frequencies if f not in owned and f.per_day is not None][:_MOST]
    vague = [
        Frequency(match[0], match.start(), match.end(), _OF_VAGUE[match.lastgroup or ""], "")
        for match in islice(_VAGUE.finditer(reading.text), _MOST)
        if not any(f.start <= match.start() < f.end for f in reading.frequencies)
    ]
    return [Rhythm(f, False, _around(reading, f)) for f in exact] + [
        Rhythm(f, True, _around(reading, f)) for f in vague
    ]


def _start(word: Token) -> int:
    return word.start


def _around(reading: Reading, frequency: Frequency) -> frozenset[str]:
    words = reading.words
    first = bisect_left(words, frequency.start, key=_start)
    past = bisect_left(words, frequency.end, key=_start)
    found: set[str] = set()
    for path in (
        range(first - 1, max(-1, first - 1 - _REACH), -1),
        range(past, min(len(words), past + _REACH)),
    ):
        for index in path:
            if words[index].lower in _BREAKS:
                break
            if index in reading.stems and reading.stems[index] not in plain_stems():
                found.add(reading.stems[index])
    return frozenset(found)
