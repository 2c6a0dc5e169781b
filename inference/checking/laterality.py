"""Left must stay left: a side in a claim must be the side that its sources give to the same thing."""

import re
from collections.abc import Iterator

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.dimensions import dimensions
from inference.checking.flags import Flag, quoted
from inference.checking.qualifiers import Qualifier, phrase
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_BOTH = frozenset({"both"})
_ONLY = frozenset({"only", "alone", "unilateral", "unilaterally", "solely"})
_CLOSE = 3  # content words between a side and the thing, in claim and source together


def check(case: Case) -> list[Flag]:
    """Flag a side that the sources give to the other side of the same thing, or both sides for one.

    One side where the sources say both is a note: true, and less than they say.
    """
    if any(source.text == case.claim.text for source in case.sources):
        return []
    flags = contradictions(case, "sides")
    doubted = {index for flag in flags for index in flag.places}
    for ours, near in case.claim.qualifiers.bound(dimensions()["side"]).items():
        if ours.first in doubted or ours.is_denied:
            continue
        given = {theirs.values: (source, theirs) for source, theirs in _given(case, near)}
        if not given:
            continue
        if ours.values == _BOTH and len(given) == 1 and _BOTH not in given:
            severity = Severity.CRITICAL
        elif ours.values != _BOTH and set(given) == {_BOTH}:
            is_only = any(word.lower in _ONLY for word in case.claim.words)
            severity = Severity.WARNING if is_only else Severity.NOTE
        else:
            continue
        source, theirs = next(iter(given.values()))
        flags.append(
            Flag(
                "side",
                severity,
                f"Side: the claim says {quoted(phrase(case.claim, ours.first, ours.past))}; sentence "
                f"{source.number} says {quoted(phrase(source, theirs.first, theirs.past))}.",
                frozenset(range(ours.first, ours.past)),
            )
        )
    return flags or [flag for flag in (_handed(case), _other_side(case)) if flag is not None][:1]


def _handed(case: Case) -> Flag | None:
    """Flag "left-handed" of somebody who is right-hand dominant."""
    ours = _HANDED.search(case.claim.text)
    if ours is None:
        return None
    for source in case.sources:
        theirs = _HANDED.search(source.text)
        if theirs is not None and theirs["side"][0].lower() != ours["side"][0].lower():
            places = frozenset(
                index
                for index, word in enumerate(case.claim.words)
                if ours.start() <= word.start < ours.end()
            )
            return _flag(ours[0], source, theirs[0], places)
    return None


_HANDED = re.compile(
    r"\b(?P<side>left|right|lt|rt|[lr])[\s-]?(?:hand(?:ed(?:ness)?\b|[\s-]domina\w{2,4})|domina\w{2,4})",
    re.IGNORECASE,
)


def _other_side(case: Case) -> Flag | None:
    """Flag the only side of a claim where all its sentences, with their titles, name the other one alone."""
    ours = _sides(case.claim)
    if len(ours) != 1 or len(sides := {side for qualifier in ours for side in qualifier.values}) != 1:
        return None
    given = [(source, found) for source in case.sources for found in _sides(source)]
    titled = {side for source in case.sources for found in _sides(source.title) for side in found.values}
    theirs = {side for _, found in given for side in found.values} | titled
    if not given or sides & theirs or "both" in sides | theirs:
        return None
    near = case.claim.qualifiers.bound(dimensions()["side"])[ours[0]]
    for name in near:
        for reading in case.around.holding.get(name, ()):
            if any(found.values & sides for found in _sides(reading)):
                return None
    source, found = given[0]
    said = phrase(case.claim, ours[0].first, ours[0].past)
    places = frozenset(range(ours[0].first, ours[0].past))
    return _flag(said, source, phrase(source, found.first, found.past), places)


def _sides(reading: Reading) -> list[Qualifier]:
    return [found for found in reading.qualifiers.of("sides") if found.dimension == "side"]


def _flag(said: str, source: Reading, says: str, places: frozenset[int]) -> Flag:
    message = f"Side: the claim says {quoted(said)}; sentence {source.number} says {quoted(says)}."
    return Flag("side", Severity.CRITICAL, message, places)


def _given(case: Case, near: dict[str, int]) -> Iterator[tuple[Reading, Qualifier]]:
    """The sides that the sources give to one of these things."""
    for source in case.sources:
        for theirs, around in source.qualifiers.bound(dimensions()["side"]).items():
            if any(near[name] + around[name] <= _CLOSE for name in near.keys() & around.keys()):
                yield source, theirs
