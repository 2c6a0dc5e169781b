"""What every save of a review has in common: its lock, its check, its place in the order of decisions."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from uuid import UUID

from clinical.access import Refusal, Refused
from clinical.actions.audit import Entry
from clinical.actions.finding import find
from clinical.actions.review_pages import ReviewPage, build
from clinical.models import Decision, Note, Patient, Review, Signature, Summary, User
from inference.checking import check_claim, find_evidence
from inference.engines.base import DraftClaim
from inference.text import from_layout
from inference.vocabulary import Assertion, Category

CLAIM_CHARACTERS = 1_000
CHANGED = Refusal(
    "stale",
    "Somebody has worked on this summary since you opened it. Your last step was not saved.",
    409,
)


def locked(summary_id: UUID, version: int, *, by: User, entry: Entry) -> tuple[Summary, Review]:
    """Lock the review a save belongs to.

    Raises:
        Refused: 404; 409 when the draft is not open, or somebody decided since `version`, with what changed.
    """
    summary: Summary = find(Summary.objects, summary_id, by=by)
    entry.thing, entry.patient_id = summary, summary.patient_id
    if summary.status != Summary.Status.READY:
        raise Refused(Refusal("incomplete", "This draft is not complete yet.", 409), thing=summary)
    Patient.objects.select_for_update(no_key=True).get(pk=summary.patient_id)  # as a withdrawal does
    if summary.sources.filter(note__document__withdrawal__isnull=False).exists():
        sentence = "The note was entered in error; its draft can no longer be reviewed."
        raise Refused(Refusal("withdrawn", sentence, 409), thing=summary)
    Review.objects.bulk_create([Review(summary=summary)], ignore_conflicts=True)
    review = Review.objects.select_for_update(no_key=True).get(summary=summary)
    if Signature.objects.filter(review=review).exists():
        raise Refused(Refusal("signed", "This summary is signed. Write an addendum.", 409), thing=summary)
    if review.version != version:
        raise Refused(_stale(review, version), thing=summary)
    return summary, review


def _stale(review: Review, version: int) -> Refusal:
    since = review.decisions.filter(number__gt=version).select_related("by")
    acts = [(d.by.full_name, d.get_verb_display().lower(), bool(d.fact_id)) for d in since]
    runs = [(act, sum(1 for _ in run)) for act, run in groupby(acts)]
    return replace(CHANGED, items=tuple(_in_words(*act, count) for act, count in runs))


def _in_words(name: str, act: str, is_fact: bool, count: int) -> str:
    thing = "left-out fact" if is_fact else "claim"
    return f"{name}: {act} " + (f"a {thing}" if count == 1 else f"{count} {thing}s")


def checked(
    summary: Summary, *, text: str, category: str, assertion: str, evidence: Sequence[int]
) -> dict[str, Any]:
    """Check a claim a clinician wrote, at once, as an engine's is checked."""
    text = " ".join(text.split())
    if not text or len(text) > CLAIM_CHARACTERS:
        sentence = f"A claim has 1 to {CLAIM_CHARACTERS:,} characters."
        raise Refused(Refusal("bad_claim", sentence, 422), thing=summary)
    note = Note.objects.get(summary_sources__summary=summary)
    read = from_layout(note.text, note.layout)
    if unknown := sorted(set(evidence) - {sentence.number for sentence in read.sentences}):
        sentence = f"The note has no sentence {', '.join(str(n) for n in unknown)}."
        raise Refused(Refusal("no_such_sentence", sentence, 422), thing=summary)
    numbers = tuple(sorted(set(evidence))) or find_evidence(text, read)
    draft = DraftClaim(text, Category(category), Assertion(assertion), numbers)
    flags = [flag.as_row() for flag in check_claim(draft, read)]
    return {
        "text": text,
        "category": category,
        "assertion": assertion,
        "evidence": list(numbers),
        "flags": flags,
    }


def append(review: Review, *, by: User, target: UUID, verb: str, **fields: Any) -> Decision:
    review.version += 1
    review.save(update_fields=["version"])
    return Decision.objects.create(
        review=review, number=review.version, by=by, target=target, verb=verb, **fields
    )


def append_alike(review: Review, *, by: User, facts: Sequence[UUID], verb: str) -> None:
    """Add the same decision on many facts, one row each, in as many queries as for one.

    Each keeps how many were decided on in that one act: nobody looked at each of them.
    """
    first = review.version + 1
    review.version += len(facts)
    review.save(update_fields=["version"])
    Decision.objects.bulk_create(
        Decision(
            review=review,
            number=number,
            by=by,
            target=fact,
            verb=verb,
            fact_id=fact,
            content={"group": len(facts)},
        )
        for number, fact in enumerate(facts, start=first)
    )


def demand_reason(flags: list[dict[str, Any]], reason: str, sentence: str, summary: Summary) -> None:
    """Refuse an override of critical doubts that gives no reason; the refusal's items are the doubts."""
    doubts = tuple(flag["message"] for flag in flags if flag["severity"] == "critical")
    if doubts and not reason.strip():
        raise Refused(Refusal("needs_reason", sentence, 422, doubts), thing=summary)


def settled(summary: Summary, review: Review, *, by: User) -> ReviewPage:
    """Assemble the page after a save, and keep for the worklist how many critical facts are left out now."""
    page = build(summary, by=by)
    if review.left_out_count != len(page.left_out):
        review.left_out_count = len(page.left_out)
        review.save(update_fields=["left_out_count"])
    return page
