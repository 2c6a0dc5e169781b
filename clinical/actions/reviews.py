"""Reviewing and signing: decisions are added, never changed; the signature is the whole result."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from django.utils import timezone

from clinical.access import Refusal, Refused, may_sign
from clinical.actions.audit import audited
from clinical.actions.finding import find
from clinical.actions.review_pages import ReviewPage, build
from clinical.actions.reviewed_claims import ReviewedClaim
from clinical.actions.saves import append, checked, demand_reason, locked, settled
from clinical.actions.signed_content import signed_content
from clinical.models import (
    Addendum,
    AuditType,
    Claim,
    Decision,
    Signature,
    Summary,
    User,
    uuid7,
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
        Refused: 409, see `locked`; 422, a critical flag stands and no reason was given.
    """
    kind = Decision.Verb(verb)
    with audited(AuditType.CLAIM_DECIDED, by=by, verb=verb) as entry:
        summary, review = locked(summary_id, version, by=by, entry=entry)
        shown = _shown(summary, target, by=by)
        if kind == Decision.Verb.ACCEPT and shown.is_decided:
            sentence = "This claim is decided already; undo that first."
            raise Refused(Refusal("is_decided", sentence, 409, (target,)), thing=summary)
        content = None
        if kind == Decision.Verb.EDIT:
            content = checked(summary, text=text, category=category, assertion=assertion, evidence=evidence)
        if kind != Decision.Verb.REJECT:
            flags = content["flags"] if content else [asdict(flag) for flag in shown.flags]
            sentence = "The checker has a critical doubt. Say why the claim is right, or edit or reject it."
            demand_reason(flags, reason, sentence, summary)
        entry.detail["target"] = str(target)
        append(
            review,
            by=by,
            target=target,
            verb=kind,
            claim=Claim.objects.filter(pk=target).first(),
            content=content,
            reason=reason.strip() or None,
        )
        return settled(summary, review, by=by)


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
        summary, review = locked(summary_id, version, by=by, entry=entry)
        content = checked(summary, text=text, category=category, assertion=assertion, evidence=evidence)
        sentence = "The checker has a critical doubt about this claim. Correct it, or say why it is right."
        demand_reason(content["flags"], reason, sentence, summary)
        append(
            review,
            by=by,
            target=uuid7(),
            verb=Decision.Verb.ADD,
            content=content,
            reason=reason.strip() or None,
        )
        return settled(summary, review, by=by)


def undo(*, by: User, summary_id: UUID, version: int, target: UUID) -> ReviewPage:
    """Take back what was decided on a claim or a fact: it is undecided again; an added claim goes.

    Raises:
        Refused: 409.
    """
    with audited(AuditType.DECISION_UNDONE, by=by) as entry:
        summary, review = locked(summary_id, version, by=by, entry=entry)
        fact = build(summary, by=by).ledger.get(target)
        is_decided = bool(fact.verb) if fact else _shown(summary, target, by=by).is_decided
        if not is_decided:
            what = "fact" if fact else "claim"
            refusal = Refusal("nothing_to_undo", f"Nobody has decided on this {what}.", 409)
            raise Refused(refusal, thing=summary)
        entry.detail["target"] = str(target)
        append(
            review,
            by=by,
            target=target,
            verb=Decision.Verb.UNDO,
            claim=Claim.objects.filter(pk=target).first(),
            fact_id=target if fact else None,
        )
        return settled(summary, review, by=by)


def sign(*, by: User, summary_id: UUID, version: int) -> ReviewPage:
    """Sign a summary: everything shown and decided is stored whole and can never change.

    Left-out facts that are not critical and that nobody decided on are closed by it, as one group.

    Raises:
        Refused: 403, no right to sign; 409, no claim stands, or with the claims and critical left-out facts
            that need a decision first.
    """
    with audited(AuditType.SUMMARY_SIGNED, by=by) as entry:
        summary, review = locked(summary_id, version, by=by, entry=entry)
        if refusal := may_sign(by, summary):
            raise Refused(refusal, thing=summary)
        page = build(summary, by=by)
        if page.blockers or page.left_out:
            items = (*(claim.target for claim in page.blockers), *(fact.target for fact in page.left_out))
            claims = "on each claim the checker doubts gravely" if page.blockers else ""
            facts = "on each critical fact that the draft leaves out" if page.left_out else ""
            sentence = f"Decide first {' and '.join(filter(None, (claims, facts)))}."
            raise Refused(Refusal("undecided", sentence, 409, items), thing=summary)
        if not page.standing:
            why = "Every claim was rejected" if page.claims else "This draft has no claim"
            what = "Accept or add a claim, or leave the draft unsigned."
            refusal = Refusal("nothing_stands", f"{why}, so nothing would be signed. {what}", 409)
            raise Refused(refusal, thing=summary)
        signed_at = timezone.now()
        content = signed_content(page, review, by=by, signed_at=signed_at.isoformat())
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        signature = Signature.objects.create(
            review=review,
            signed_by=by,
            signed_at=signed_at,
            digest=hashlib.sha256(canonical.encode()).hexdigest(),
            unread_count=len(page.undecided),
            content=content,
        )
        entry.detail.update(
            signature=str(signature.pk),
            unread=len(page.undecided),
            closed=len(page.ledger.open_others),
            digest=signature.digest,
        )
        return build(summary, by=by)


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
