"""What a reader must know before the claims of a summary; on screen, on paper and in copied text."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import models

from clinical.actions.reviewed_claims import ReviewedClaim, as_written, fold
from clinical.models import (
    Claim,
    Decision,
    Document,
    IdentityMismatch,
    Note,
    Signature,
    Summary,
    SummarySource,
)
from inference.vocabulary import Assertion, Category

NONE_KNOWN = re.compile(r"\b(?:nkd?a|nil known|none known|no known|no (?:drug )?allerg)", re.IGNORECASE)
"""Writings of "no known allergies" in British and American notes."""

ALLERGIES_SHOWN = 3


@dataclass(frozen=True)
class Caution:
    """A warning about a summary as a whole."""

    title: str
    sentence: str


def cautions(note: Note, allergies: Iterable[str]) -> tuple[Caution, ...]:
    """Collect what stands against taking a summary at its word.

    Args:
        note: the summary's source, the document loaded.
        allergies: the texts of the summary's allergy claims as they stand now.
    """
    return (*_identity(note.document), *_allergies_elsewhere(note, allergies))


def instructed(numbers: Sequence[int]) -> Caution:
    """Tell on paper and in copied text of the sentences that the screen marks in the source.

    Args:
        numbers: of the sentences that read like instructions to a computer; at least one.
    """
    which = ", ".join(f"S{number}" for number in numbers)
    is_one = len(numbers) == 1
    said = "1 sentence" if is_one else f"{len(numbers)} sentences"
    like = "reads like an instruction" if is_one else "read like instructions"
    return Caution(
        f"{said} of the note {like} to a computer: {which}",
        "Nothing was removed. Look whether the summary is missing something.",
    )


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


def _allergies_elsewhere(note: Note, allergies: Iterable[str]) -> Iterator[Caution]:
    """This note knows of no allergy, another note of the same patient records one."""
    if not any(NONE_KNOWN.search(text) for text in allergies):
        return
    recorded: defaultdict[str, list[str]] = defaultdict(list)
    drafted: defaultdict[str, list[str]] = defaultdict(list)
    told = set[str]()
    for source, text, is_vouched in sorted(_recorded(note), key=lambda found: not found[2]):
        if text not in told:
            told.add(text)
            (recorded if is_vouched else drafted)[source].append(text)
    if recorded:
        yield Caution(
            "Another note of this patient records an allergy",
            f"A claim of this note says there is none known. {_by_source(recorded)}",
        )
    for source, texts in drafted.items():
        yield Caution(
            "Another note of this patient may record an allergy",
            f"A claim of this note says there is none known. An unsigned draft of another note ({source})"
            f" has under allergies: {_quoted(texts)}. Nobody has decided on it: look in that note.",
        )


def _by_source(found: Mapping[str, Sequence[str]]) -> str:
    return " ".join(f"{source}: {_quoted(texts)}." for source, texts in found.items())


def _quoted(texts: Sequence[str]) -> str:
    shown = "; ".join(f"“{text.rstrip('.')}”" for text in texts[:ALLERGIES_SHOWN])
    rest = len(texts) - ALLERGIES_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def _recorded(note: Note) -> Iterator[tuple[str, str, bool]]:
    """Read the allergies that the drafts of the patient's other notes state, newest draft first.

    What a reviewer rejected is none, nor what the checker doubts gravely until somebody vouches for it.

    Yields:
        The note's kind and date; the claim's text; whether it is signed, or somebody decided on it.
    """
    sources = (
        SummarySource.objects.filter(
            note__patient_id=note.patient_id,
            note__document__withdrawal=None,
            note__superseded_by=None,
            summary__status=Summary.Status.READY,
        )
        .exclude(note=note)
        .select_related("note__document")
        .defer("note__text_sealed", "note__document__content_sealed")
        .order_by("-summary__started_at")
    )
    drafts = {source.summary_id: source.note.document for source in sources}
    # A claim of another category may have been edited into an allergy.
    wanted = models.Q(category=Category.ALLERGY) | models.Q(decisions__verb=Decision.Verb.EDIT)
    rows = Claim.objects.filter(wanted, summary__in=drafts).distinct().order_by("position")
    written: defaultdict[UUID, list[ReviewedClaim]] = defaultdict(list)
    for row in rows.prefetch_related("evidence", "flags"):
        written[row.summary_id].append(as_written(row))
    acts: defaultdict[UUID, list[Decision]] = defaultdict(list)
    of_these = models.Q(claim__in=[row.pk for row in rows]) | models.Q(claim=None)
    decisions = Decision.objects.filter(of_these, review__summary__in=drafts).select_related("by", "review")
    for decision in decisions.order_by("number"):
        acts[decision.review.summary_id].append(decision)
    signed = set(
        Signature.objects.filter(review__summary__in=drafts).values_list("review__summary", flat=True)
    )
    for summary_id, document in drafts.items():
        name = f"{document.get_note_type_display()} of {document.note_date.day} {document.note_date:%b %Y}"
        for claim in fold(written[summary_id], acts[summary_id]):
            is_allergy = claim.category == Category.ALLERGY and claim.assertion == Assertion.PRESENT
            if not is_allergy or claim.is_rejected or claim.blocks_signing or NONE_KNOWN.search(claim.text):
                continue
            yield name, claim.text, claim.is_decided or summary_id in signed
