"""The omission ledger: must-carry statements that rules find in a note, and which claims use them."""

from collections.abc import Sequence

from inference.checking.case import NoteReading
from inference.checking.facts.allergies import find_allergies
from inference.checking.facts.drugs import find_drug_facts
from inference.checking.facts.fact import Fact, Symptom, merged
from inference.checking.facts.lines import read_lines
from inference.checking.facts.matching import match
from inference.checking.facts.plans import (
    find_code_status,
    find_diagnoses,
    find_follow_up,
    find_pending,
    find_procedures,
)
from inference.checking.facts.red_flags import find_negatives, find_red_flags
from inference.checking.facts.symptoms import symptoms_of
from inference.checking.facts.values import find_abnormal_values
from inference.engines.base import DraftClaim
from inference.text import Note

__all__ = ["Fact", "Symptom", "find_facts", "find_symptoms", "used_by"]


def find_facts(note: Note, reading: NoteReading | None = None) -> tuple[Fact, ...]:
    """Find the must-carry facts of a note, in reading order; a fact stated twice is one fact.

    Args:
        note: where to look.
        reading: of that note, where one is at hand; sentences are not read twice.
    """
    lines = read_lines(reading or NoteReading(note))
    return merged(
        [
            *find_allergies(lines),
            *find_drug_facts(lines),
            *find_abnormal_values(lines, note.text),
            *find_red_flags(lines),
            *find_diagnoses(lines),
            *find_procedures(lines),
            *find_pending(lines),
            *find_follow_up(lines),
            *find_code_status(lines),
            *find_negatives(lines),
        ]
    )


def find_symptoms(note: Note, reading: NoteReading | None = None) -> tuple[Symptom, ...]:
    """Find the symptoms that a note names, in reading order.

    Args:
        note: where to look.
        reading: of that note, where one is at hand.
    """
    lines = read_lines(reading or NoteReading(note))
    return tuple(symptom for line in lines for symptom in symptoms_of(line))


def used_by(facts: Sequence[Fact], claims: Sequence[DraftClaim], note: Note) -> tuple[tuple[int, ...], ...]:
    """Match facts to claims: for each fact the places (from 0) of the claims that carry it, or none.

    A claim that a clinician has rejected carries nothing: leave it out of `claims`.
    """
    return match(facts, claims, note)
