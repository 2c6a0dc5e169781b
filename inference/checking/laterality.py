"""Left must stay left: a side in a claim must be the side that its sources give to the same thing."""

from collections.abc import Iterator

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.dimensions import dimensions
from inference.checking.flags import Flag, quoted
from inference.checking.qualifiers import Qualifier, phrase
from inference.checking.reading import Reading
from inference.vocabulary import Severity

_BOTH = frozenset({"both"})
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
            severity = Severity.NOTE
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
    return flags


def _given(case: Case, near: dict[str, int]) -> Iterator[tuple[Reading, Qualifier]]:
    """The sides that the sources give to one of these things."""
    for source in case.sources:
        for theirs, around in source.qualifiers.bound(dimensions()["side"]).items():
            if any(near[name] + around[name] <= _CLOSE for name in near.keys() & around.keys()):
                yield source, theirs
