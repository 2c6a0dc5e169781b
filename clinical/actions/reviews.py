"""Reviewing and signing: decisions are added, never changed; the signature is the whole result."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from django.utils import timezone

from clinical.access import Refusal, Refused, may_sign
from clinical.actions.audit import Entry, audited
from clinical.actions.finding import find
from clinical.actions.review_pages import ReviewPage, build
from clinical.actions.reviewed_claims import ReviewedClaim
from clinical.models import (
    Addendum,
    AuditType,
    Claim,
    Decision,
    Note,
    Patient,
    Review,
    Signature,
    Summary,
    User,
    uuid7,
)
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


def _locked(summary_id: UUID, version: int, *, by: User, entry: Entry) -> tuple[Summary, Review]:
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
    items = tuple(f"{d.by.full_name}: {d.get_verb_display().lower()} a claim" for d in since)
    return replace(CHANGED, items=items)


def _content(
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


def _append(review: Review, *, by: User, target: UUID, verb: str, **fields: Any) -> Decision:
    review.version += 1
    review.save(update_fields=["version"])
    return Decision.objects.create(
        review=review, number=review.version, by=by, target=target, verb=verb, **fields
    )


def decide(
    *,
    by: User,
    summary_id: UUID,
    version: int,
    target: UUID,
    verb: str,
    reason: str = "",
    text: str = "",
    category: str = "",
    assertion: str = "",
    evidence: Sequence[int] = (),
) -> ReviewPage:
    """Accept, edit or reject a claim.

    Raises:
        Refused: 409, see `_locked`; 422, a critical flag stands and no reason was given.
    """
    kind = Decision.Verb(verb)
    with audited(AuditType.CLAIM_DECIDED, by=by, verb=verb) as entry:
        summary, review = _locked(summary_id, version, by=by, entry=entry)
        shown = _shown(summary, target, by=by)
        if kind == Decision.Verb.ACCEPT and shown.is_decided:
            sentence = "This claim is decided already; undo that first."
            raise Refused(Refusal("is_decided", sentence, 409, (target,)), thing=summary)
        content = None
        if kind == Decision.Verb.EDIT:
            content = _content(summary, text=text, category=category, assertion=assertion, evidence=evidence)
        if kind != Decision.Verb.REJECT:
            flags = content["flags"] if content else [asdict(flag) for flag in shown.flags]
            sentence = "The checker has a critical doubt. Say why the claim is right, or edit or reject it."
            _demand_reason(flags, reason, sentence, summary)
        entry.detail["target"] = str(target)
        _append(
            review,
            by=by,
            target=target,
            verb=kind,
            claim=Claim.objects.filter(pk=target).first(),
            content=content,
            reason=reason.strip() or None,
        )
        return build(summary, by=by)


def _demand_reason(flags: list[dict[str, Any]], reason: str, sentence: str, summary: Summary) -> None:
    """Refuse an override of critical doubts that gives no reason; the refusal's items are the doubts."""
    doubts = tuple(flag["message"] for flag in flags if flag["severity"] == "critical")
    if doubts and not reason.strip():
        raise Refused(Refusal("needs_reason", sentence, 422, doubts), thing=summary)


def _shown(summary: Summary, target: UUID, *, by: User) -> ReviewedClaim:
    for claim in build(summary, by=by).claims:
        if claim.target == target:
            return claim
    raise Refused(Refusal("gone", "This claim is no longer there.", 409), thing=summary)


def add(
    *,
    by: User,
    summary_id: UUID,
    version: int,
    text: str,
    category: str,
    assertion: str,
    evidence: Sequence[int] = (),
    reason: str = "",
) -> ReviewPage:
    """Add a claim the engine left out; it is checked like any other.

    Raises:
        Refused: 409; 422, a critical flag stands and no reason was given.
    """
    with audited(AuditType.CLAIM_ADDED, by=by) as entry:
        summary, review = _locked(summary_id, version, by=by, entry=entry)
        content = _content(summary, text=text, category=category, assertion=assertion, evidence=evidence)
        sentence = "The checker has a critical doubt about this claim. Correct it, or say why it is right."
        _demand_reason(content["flags"], reason, sentence, summary)
        _append(
            review,
            by=by,
            target=uuid7(),
            verb=Decision.Verb.ADD,
            content=content,
            reason=reason.strip() or None,
        )
        return build(summary, by=by)


def undo(*, by: User, summary_id: UUID, version: int, target: UUID) -> ReviewPage:
    """Take back what was decided on a claim: it is undecided again; an added claim goes.

    Raises:
        Refused: 409.
    """
    with audited(AuditType.DECISION_UNDONE, by=by) as entry:
        summary, review = _locked(summary_id, version, by=by, entry=entry)
        if not _shown(summary, target, by=by).is_decided:
            raise Refused(Refusal("nothing_to_undo", "Nobody has decided on this claim.", 409), thing=summary)
        entry.detail["target"] = str(target)
        _append(
            review,
            by=by,
            target=target,
            verb=Decision.Verb.UNDO,
            claim=Claim.objects.filter(pk=target).first(),
        )
        return build(summary, by=by)


def sign(*, by: User, summary_id: UUID, version: int) -> ReviewPage:
    """Sign a summary: everything shown and decided is stored whole and can never change.

    Raises:
        Refused: 403, no right to sign; 409, no claim stands, or with the claims that need a decision first.
    """
    with audited(AuditType.SUMMARY_SIGNED, by=by) as entry:
        summary, review = _locked(summary_id, version, by=by, entry=entry)
        if refusal := may_sign(by, summary):
            raise Refused(refusal, thing=summary)
        page = build(summary, by=by)
        if page.blockers:
            items = tuple(claim.target for claim in page.blockers)
            sentence = "Decide first on each claim the checker doubts gravely."
            raise Refused(Refusal("undecided", sentence, 409, items), thing=summary)
        if not page.standing:
            why = "Every claim was rejected" if page.claims else "This draft has no claim"
            what = "Accept or add a claim, or leave the draft unsigned."
            refusal = Refusal("nothing_stands", f"{why}, so nothing would be signed. {what}", 409)
            raise Refused(refusal, thing=summary)
        signed_at = timezone.now()
        content = _signed_content(page, review, by=by, signed_at=signed_at.isoformat())
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        signature = Signature.objects.create(
            review=review,
            signed_by=by,
            signed_at=signed_at,
            digest=hashlib.sha256(canonical.encode()).hexdigest(),
            unread_count=len(page.undecided),
            content=content,
        )
        entry.detail.update(signature=str(signature.pk), unread=len(page.undecided), digest=signature.digest)
        return build(summary, by=by)


def _signed_content(page: ReviewPage, review: Review, *, by: User, signed_at: str) -> dict[str, Any]:
    """Put together what a signature must be replayed from."""
    version = page.summary.model_version
    texts = {sentence.number: sentence for sentence in page.sentences}
    return {
        "signed_by": {"id": str(by.pk), "name": by.full_name},
        "signed_at": signed_at,
        "patient": str(page.patient.pk),
        "sources": [
            {"note": str(page.note.pk), "sha256": hashlib.sha256(page.note.text.encode()).hexdigest()}
        ],
        "summary": str(page.summary.pk),
        "model_version": {
            "engine": version.engine,
            "model": version.model,
            "weights": version.weights_digest,
            "adapter": version.adapter_digest,
            "prompt": version.prompt,
            "prompt_digest": version.prompt_digest,
            "settings": version.settings,
        },
        "claims": [
            {
                "target": str(claim.target),
                "text": claim.text,
                "details": [*claim.details, *([("Status", claim.lapsed)] if claim.lapsed else [])],
                "category": claim.category,
                "assertion": claim.assertion,
                "status": claim.verb or "signed unread",
                "by": claim.by,
                "reason": claim.reason,
                "original": claim.original,
                "flags": [asdict(flag) for flag in claim.flags],
                "evidence": [
                    {"number": n, "start": texts[n].start, "end": texts[n].end, "text": texts[n].text}
                    for n in claim.evidence
                    if n in texts
                ],
            }
            for claim in page.claims
        ],
        "decisions": [
            {
                "number": d.number,
                "verb": d.verb,
                "target": str(d.target),
                "by": str(d.by_id),
                "at": d.at.isoformat(),
                "content": d.content,
                "reason": d.reason,
            }
            for d in review.decisions.order_by("number")
        ],
    }


def add_addendum(*, by: User, summary_id: UUID, text: str) -> ReviewPage:
    """Correct or complete a signed summary.

    Raises:
        Refused: 403, no right to sign; 409, not signed; 422, no text.
    """
    with audited(AuditType.ADDENDUM_ADDED, by=by) as entry:
        summary: Summary = find(Summary.objects, summary_id, by=by)
        entry.thing, entry.patient_id = summary, summary.patient_id
        if refusal := may_sign(by, summary):
            raise Refused(refusal, thing=summary)
        signature = Signature.objects.filter(review__summary=summary).first()
        if signature is None:
            raise Refused(
                Refusal("not_signed", "Only a signed summary takes an addendum.", 409), thing=summary
            )
        if not text.strip():
            raise Refused(Refusal("empty", "An addendum needs text.", 422), thing=summary)
        if any(addendum.text == text.strip() for addendum in signature.addenda.all()):
            raise Refused(Refusal("is_there", "This addendum is there already.", 409), thing=summary)
        Addendum.objects.create(signature=signature, by=by, text=text.strip())
        return build(summary, by=by)
