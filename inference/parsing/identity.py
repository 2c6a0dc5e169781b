"""Whom a document says it is about, compared with the patient it was uploaded for."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Identity:
    """What a document's labelled fields say about its patient; empty where they say nothing."""

    mrns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    birth_dates: tuple[date, ...] = ()


def find_identity(text: str) -> Identity:
    """Find labelled identity in a document."""
    raise NotImplementedError


def disagreements(identity: Identity, *, mrn: str, name: str, birth_date: date) -> tuple[str, ...]:
    """Name what in a document disagrees with a patient: a subset of ("mrn", "name", "birth_date")."""
    raise NotImplementedError
