"""How bad, how large, how well controlled: a claim must grade a thing as its sources grade it."""

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.flags import Flag


def check(case: Case) -> list[Flag]:
    """Flag a grade that the sources give another value for the same thing, or that the note nowhere gives."""
    return contradictions(case, "severity")
