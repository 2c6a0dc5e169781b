"""Where in the body: a claim must leave a thing at the place that its sources give for it."""

from inference.checking.case import Case
from inference.checking.contradictions import contradictions
from inference.checking.flags import Flag


def check(case: Case) -> list[Flag]:
    """Flag a part of the body where the sources give another for the thing, and no sentence gives this."""
    return contradictions(case, "sites")
