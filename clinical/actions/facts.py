"""Deciding on facts that a draft leaves out: add one as a claim, or say that it is not needed."""

from uuid import UUID

from clinical.access import Refusal, Refused
from clinical.actions.audit import audited
from clinical.actions.ledger import ReviewedFact, as_claim
from clinical.actions.review_pages import ReviewPage, build
from clinical.actions.saves import (
    CLAIM_CHARACTERS,
    append,
    append_alike,
    checked,
    demand_reason,
    locked,
    settled,
)
from clinical.models import AuditType, Decision, Summary, User, uuid7


def add(*, by: User, summary_id: UUID, version: int, fact: UUID, reason: str = "") -> ReviewPage:
    """Add a left-out fact as a claim: in its own words, with its sentences, checked like any other.

    Raises:
        Refused: 409, see `locked`, or a claim carries it already; 422, it is longer than a claim may be, or
            it has a critical flag and no reason.
    """
    with audited(AuditType.CLAIM_ADDED, by=by, fact=str(fact)) as entry:
        summary, review = locked(summary_id, version, by=by, entry=entry)
        page = build(summary, by=by)
        found = _shown(page, fact)
        if found.is_used:
            raise Refused(Refusal("is_used", "A claim carries this already.", 409), thing=summary)
        if len(found.text) > CLAIM_CHARACTERS:
            sentence = "This is too long for one claim. Add what matters of it in your own words."
            raise Refused(Refusal("too_long", sentence, 422), thing=summary)
        content = checked(summary, **as_claim(found, page.read))
        sentence = "The checker has a critical doubt about these words. Say why they are right to add."
        demand_reason(content["flags"], reason, sentence, summary)
        append(
            review,
            by=by,
            target=uuid7(),
            verb=Decision.Verb.ADD,
            fact_id=fact,
            content=content,
            reason=reason.strip() or None,
        )
        return settled(summary, review, by=by)


def leave_out(*, by: User, summary_id: UUID, version: int, fact: UUID, reason: str = "") -> ReviewPage:
    """Say that the summary does without a fact.

    Raises:
        Refused: 409, see `locked`, or it is used or decided; 422, it is critical and no reason was given.
    """
    with audited(AuditType.FACT_DECIDED, by=by, verb=Decision.Verb.NOT_NEEDED.value) as entry:
        summary, review = locked(summary_id, version, by=by, entry=entry)
        found = _shown(build(summary, by=by), fact)
        if not found.is_open:
            raise Refused(Refusal("is_decided", "This fact is used or decided already.", 409), thing=summary)
        if found.is_critical and not reason.strip():
            sentence = "This fact is critical. Say in a line why the summary does without it."
            raise Refused(Refusal("needs_reason", sentence, 422, (found.text,)), thing=summary)
        entry.detail["target"] = str(fact)
        append(
            review,
            by=by,
            target=fact,
            verb=Decision.Verb.NOT_NEEDED,
            fact_id=fact,
            reason=reason.strip() or None,
        )
        return settled(summary, review, by=by)


def close_others(*, by: User, summary_id: UUID, version: int) -> ReviewPage:
    """Close every left-out fact that is not critical as not needed: one decision each, undone one by one.

    Raises:
        Refused: 409, see `locked`, or none is open.
    """
    with audited(AuditType.FACTS_CLOSED, by=by) as entry:
        summary, review = locked(summary_id, version, by=by, entry=entry)
        facts = build(summary, by=by).ledger.open_others
        if not facts:
            raise Refused(Refusal("nothing_to_close", "No such fact is open.", 409), thing=summary)
        targets = [fact.target for fact in facts]
        append_alike(review, by=by, facts=targets, verb=Decision.Verb.NOT_NEEDED)
        entry.detail["facts"] = len(facts)
        return settled(summary, review, by=by)


def _shown(page: ReviewPage, fact: UUID) -> ReviewedFact:
    found = page.ledger.get(fact)
    if found is None:
        summary: Summary = page.summary
        raise Refused(Refusal("gone", "This fact is no longer there.", 409), thing=summary)
    return found
