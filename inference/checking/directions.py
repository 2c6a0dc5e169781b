"""Better or worse, up or down, upper or lower: a claim must point the way that its sources point."""

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.flags import Flag


def check(case: Case) -> list[Flag]:
    """Flag a direction, a level or one of a pair of opposites that the sources give the other way."""
    return contradictions(case, "directions")
