"""The omission ledger: must-carry statements that rules find in a note, and which claims use them."""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.engines.base import DraftClaim
from inference.text import Note
from inference.vocabulary import FactKind, SymptomState


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement of the source that a summary must carry, or a clinician must decide to leave out.

    Attributes:
        kind: why it must be carried.
        text: the note's own words on one line, fit to stand as a claim.
        sentences: numbers of the sentences that state it, ascending, at least one.
        is_critical: leaving it out needs a decision of its own before signing.
    """

    kind: FactKind
    text: str
    sentences: tuple[int, ...]
    is_critical: bool


@dataclass(frozen=True, slots=True)
class Symptom:
    """A symptom where the source names it.

    Attributes:
        name: the usual name, whatever is written.
        sentence: number of the sentence.
        start: first code point of the words in the note's text.
        end: one past the last.
        state: whether it is there.
        duration: in the note's words, "" where none is stated.
        severity: in the note's words, "" where none is stated.
    """

    name: str
    sentence: int
    start: int
    end: int
    state: SymptomState
    duration: str
    severity: str


def find_facts(note: Note) -> tuple[Fact, ...]:
    """Find the must-carry facts of a note, in reading order; a fact stated twice is one fact."""
    return ()


def find_symptoms(note: Note) -> tuple[Symptom, ...]:
    """Find the symptoms that a note names, in reading order."""
    return ()


def used_by(facts: Sequence[Fact], claims: Sequence[DraftClaim], note: Note) -> tuple[tuple[int, ...], ...]:
    """Match facts to claims: for each fact the places (from 0) of the claims that carry it, or none.

    A claim that a clinician has rejected carries nothing: leave it out of `claims`.
    """
    return tuple(() for _ in facts)
