"""What to know of the checker: how often it was right, and whether its word lists were reviewed."""

from dataclasses import dataclass
from typing import Any

from clinical.actions.lexicons import rules_in_use, unapproved_count
from inference.evaluation.checker_version import is_current
from inference.evaluation.rates import Rates, rates


@dataclass(frozen=True)
class Checker:
    """What is known of the checker here.

    Attributes:
        rates: measured on claims that people wrote; None where nothing was measured.
        is_current: they were measured on the very rules and lists that ship.
        unapproved: how many of its word lists no clinician of the site has approved.
        rules: what checks now, by digest, as a draft keeps what checked it.
    """

    rates: Rates | None
    is_current: bool
    unapproved: int
    rules: dict[str, Any]


def about() -> Checker:
    """Gather what is known of the checker."""
    return Checker(rates(), is_current(), unapproved_count(), rules_in_use())
