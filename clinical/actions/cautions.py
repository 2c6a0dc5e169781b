"""What a reader must know before the claims of a summary; on screen, on paper and in copied text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clinical.models import Claim, Document, IdentityMismatch, Note, Summary, SummarySource
from inference.vocabulary import Assertion, Category

NONE_KNOWN = re.compile(r"\b(?:nkd?a|nil known|none known|no known|no (?:drug )?allerg)", re.IGNORECASE)
"""Writings of "no known allergies" in British and American notes."""

ALLERGIES_SHOWN = 3


@dataclass(frozen=True)
class Caution:
    """A warning about a summary as a whole."""

    title: str
    sentence: str


def cautions(summary: Summary, note: Note, allergies: Iterable[str]) -> tuple[Caution, ...]:
    """Collect what stands against taking a summary at its word.

    Args:
        summary: of the note.
        note: its source, the document loaded.
        allergies: the texts of its allergy claims as they stand now.
    """
    return (*_identity(note.document), *_allergies_elsewhere(summary, note, allergies))


def _identity(document: Document) -> Iterator[Caution]:
    """The document names another patient, and somebody confirmed that it is this one's."""
    confirmed = IdentityMismatch.objects.select_related("decided_by").filter(
        document=document, outcome=IdentityMismatch.Outcome.CONFIRMED
    )
    for mismatch in confirmed:
        who = mismatch.decided_by.full_name if mismatch.decided_by else ""
        yield Caution(
            "The source names another patient", f"{who} confirmed that it is this one's: {mismatch.reason}"
        )


def _allergies_elsewhere(summary: Summary, note: Note, allergies: Iterable[str]) -> Iterator[Caution]:
    """This note knows of no allergy, another note of the same patient records one."""
    if not any(NONE_KNOWN.search(text) for text in allergies):
        return
    others = SummarySource.objects.filter(
        note__patient_id=note.patient_id,
        note__document__withdrawal=None,
        note__superseded_by=None,
        summary__status=Summary.Status.READY,
    ).exclude(note=note)
    claims = Claim.objects.filter(
        summary__sources__in=others, category=Category.ALLERGY, assertion=Assertion.PRESENT
    )
    found = dict.fromkeys(claim.text for claim in claims.order_by("-summary__started_at", "position")[:50])
    recorded = [text for text in found if not NONE_KNOWN.search(text)][:ALLERGIES_SHOWN]
    if recorded:
        said = "; ".join(f"“{text}”" for text in recorded)
        yield Caution(
            "Another note of this patient records an allergy", f"This note says there is none known. {said}"
        )
