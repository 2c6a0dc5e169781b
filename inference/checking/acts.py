"""Planned, refused or done; suspected or confirmed: a claim must take a thing as far as its sources do."""

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.flags import Flag
from inference.vocabulary import Assertion

_NOT_YET = frozenset({"planned", "considered", "declined"})
_MARKS = frozenset(".;")


def check(case: Case) -> list[Flag]:
    """Flag an act or a diagnosis that the sources leave at another stage, and no other sentence at this."""
    if case.assertion in {Assertion.HYPOTHETICAL, Assertion.POSSIBLE}:
        return []
    return contradictions(case, "acts", but=_open_ends(case))


def _open_ends(case: Case) -> frozenset[int]:
    """The claim's tokens behind a word that leaves things open: "if the test is positive"."""
    words = case.claim.words
    is_open: set[int] = set()
    for found in case.claim.qualifiers.of("acts"):
        if (found.values & _NOT_YET and "done" not in found.values) or "suspected" in found.values:
            for index in range(found.past, len(words)):
                if words[index].lower in _MARKS:
                    break
                is_open.add(index)
    return frozenset(is_open)
