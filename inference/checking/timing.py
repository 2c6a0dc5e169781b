"""Then or now: what is past must stay past, what is new must stay new."""

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.flags import Flag


def check(case: Case) -> list[Flag]:
    """Flag what the sources place at another time: former for current, longstanding for new."""
    return contradictions(case, "timing")
