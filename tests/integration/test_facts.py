"""The omission ledger: what a draft leaves out, what a clinician decides on it, what a signature keeps."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from clinical.access import Refused
from clinical.actions import facts, reviews, summaries
from clinical.actions.ledger import ReviewedFact
from clinical.actions.review_pages import ReviewPage
from clinical.models import AuditEvent, Decision, Fact, Review, Signature, Summary, User
from inference.vocabulary import FactKind
from tests.drafts import TEXT, answer, begin_draft, claim, end_draft, go_on, note_of, page_of, state
from tests.factories import make_clinician, make_note, make_summary, team_of

Play = Callable[..., None]
ALLERGY = "Penicillin (rash)"
CARRIED = (
    claim("Chest pain on exertion for three days", "reason", 3),
    claim("Metoprolol 50 mg twice daily", "medication", 7),
    claim("Aspirin 81 mg daily", "medication", 8),
)
"""What a draft that forgets the allergy says of `TEXT`."""


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


@pytest.fixture
def summary(clinician: User) -> Summary:
    """A draft of one claim that leaves out an allergy, and a finding that is not critical."""
    made = begin_draft(make_note(clinician, text=TEXT), clinician)
    go_on(made, 1, "Chest pain on exertion for three days", 3)
    state(made, ALLERGY, 5)
    state(made, "Type 2 diabetes, well controlled", 11, kind="diagnosis", is_critical=False)
    end_draft(made)
    made.refresh_from_db()
    return made


def fact_in(page: ReviewPage, words: str) -> ReviewedFact:
    return next(fact for fact in page.ledger.facts if words in fact.text)


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-seq")[0]


def test_facts_are_found_when_the_draft_becomes_ready_and_told_used_or_left_out(
    clinician: User, script: Play
) -> None:
    script(answer(*CARRIED))
    summary = make_summary(clinician, text=TEXT)

    page = page_of(clinician, summary)

    assert summary.fact_count == len(page.ledger.facts)
    allergy = fact_in(page, "Penicillin")
    assert (allergy.kind, allergy.is_critical, allergy.is_used) == ("allergy", True, False)
    assert 5 in allergy.numbers
    assert fact_in(page, "Metoprolol").is_used
    assert summary.left_out_count == len(page.left_out)
    assert [fact.target for fact in page.left_out] == [allergy.target]


def test_rejecting_a_claim_gives_its_facts_back_and_undo_takes_them_again(
    clinician: User, script: Play
) -> None:
    script(answer(*CARRIED))
    summary = make_summary(clinician, text=TEXT)
    page = page_of(clinician, summary)
    drug = next(claim for claim in page.claims if "Metoprolol" in claim.text)
    assert fact_in(page, "Metoprolol").used_by == (drug.target,)

    page = reviews.decide(
        by=clinician, summary_id=summary.pk, version=page.version, target=drug.target, verb="reject"
    )
    assert fact_in(page, "Metoprolol").is_open
    assert Review.objects.get().left_out_count == len(page.left_out)

    page = reviews.undo(by=clinician, summary_id=summary.pk, version=page.version, target=drug.target)
    assert fact_in(page, "Metoprolol").is_used


def test_a_claim_in_grave_doubt_carries_a_fact_only_once_somebody_has_decided_on_it(
    clinician: User, script: Play
) -> None:
    script(answer(*CARRIED, claim("No allergy to penicillin (rash)", "allergy", 5)))
    summary = make_summary(clinician, text=TEXT)
    page = page_of(clinician, summary)
    (doubted,) = page.blockers

    assert "Penicillin" in page.left_out[0].text
    assert summary.left_out_count == 1

    page = reviews.decide(
        by=clinician,
        summary_id=summary.pk,
        version=page.version,
        target=doubted.target,
        verb="edit",
        text="Penicillin allergy (rash)",
        category="allergy",
        assertion="present",
        evidence=(5,),
    )
    assert fact_in(page, "Penicillin").used_by == (doubted.target,)

    page = reviews.undo(by=clinician, summary_id=summary.pk, version=page.version, target=doubted.target)
    assert fact_in(page, "Penicillin").is_open


def test_a_fact_longer_than_a_claim_may_be_is_not_added_whole(clinician: User) -> None:
    made = begin_draft(make_note(clinician, text=TEXT), clinician)
    go_on(made, 1, "Chest pain on exertion for three days", 3)
    long = state(made, "Penicillin (rash) " * 60, 5)
    end_draft(made)

    with pytest.raises(Refused) as refused:
        facts.add(by=clinician, summary_id=made.pk, version=0, fact=long.pk)

    assert (refused.value.refusal.code, refused.value.refusal.status) == ("too_long", 422)
    assert not Decision.objects.exists()


def test_an_edit_that_takes_the_words_out_gives_the_fact_back(clinician: User, script: Play) -> None:
    script(answer(*CARRIED))
    summary = make_summary(clinician, text=TEXT)
    page = page_of(clinician, summary)
    drug = next(claim for claim in page.claims if "Metoprolol" in claim.text)

    fields: dict[str, Any] = {"text": "Chest pain", "category": "symptom", "assertion": "present"}
    page = reviews.decide(
        by=clinician,
        summary_id=summary.pk,
        version=page.version,
        target=drug.target,
        verb="edit",
        evidence=(3,),
        **fields,
    )

    assert fact_in(page, "Metoprolol").is_open


def test_a_left_out_fact_is_added_as_a_checked_claim_in_its_own_words(
    clinician: User, summary: Summary
) -> None:
    page = page_of(clinician, summary)
    (allergy,) = page.left_out

    page = facts.add(by=clinician, summary_id=summary.pk, version=page.version, fact=allergy.target)

    added = page.claims[-1]
    assert (added.text, added.category, added.assertion, added.evidence) == (
        ALLERGY,
        "allergy",
        "present",
        (5,),
    )
    assert added.is_added
    assert not added.is_critical
    assert fact_in(page, ALLERGY).added_as == added.target
    assert page.left_out == []
    event = last_event()
    assert (event.type, event.detail) == ("claim_added", {"fact": str(allergy.target)})
    decision = Decision.objects.get()
    assert (decision.verb, decision.fact_id, decision.target) == ("add", allergy.target, added.target)


def test_an_added_fact_that_is_undone_or_edited_away_is_left_out_again(
    clinician: User, summary: Summary
) -> None:
    page = page_of(clinician, summary)
    fact = page.left_out[0].target
    page = facts.add(by=clinician, summary_id=summary.pk, version=page.version, fact=fact)
    page = reviews.undo(
        by=clinician, summary_id=summary.pk, version=page.version, target=page.claims[-1].target
    )
    assert [one.target for one in page.left_out] == [fact]

    page = facts.add(by=clinician, summary_id=summary.pk, version=page.version, fact=fact)
    page = reviews.decide(
        by=clinician,
        summary_id=summary.pk,
        version=page.version,
        target=page.claims[-1].target,
        verb="edit",
        text="Aspirin 81 mg daily",
        category="medication",
        assertion="present",
        evidence=(8,),
    )
    assert [one.target for one in page.left_out] == [fact]


def test_the_same_fact_is_not_added_twice(clinician: User, summary: Summary) -> None:
    page = page_of(clinician, summary)
    fact = page.left_out[0].target
    page = facts.add(by=clinician, summary_id=summary.pk, version=page.version, fact=fact)

    with pytest.raises(Refused, match="is_used"):
        facts.add(by=clinician, summary_id=summary.pk, version=page.version, fact=fact)


def test_a_critical_fact_is_left_out_only_with_a_reason_and_undo_opens_it_again(
    clinician: User, summary: Summary
) -> None:
    page = page_of(clinician, summary)
    fact = page.left_out[0].target
    act = {"by": clinician, "summary_id": summary.pk, "fact": fact}

    with pytest.raises(Refused, match="needs_reason") as refused:
        facts.leave_out(**act, version=page.version, reason="  ")
    assert refused.value.refusal.status == 422
    page = facts.leave_out(**act, version=page.version, reason="Challenged and tolerated in 2024.")
    found = fact_in(page, ALLERGY)
    assert (found.verb, found.by, found.reason) == (
        "not_needed",
        "Dr Ada Invented",
        "Challenged and tolerated in 2024.",
    )
    assert page.left_out == []
    assert last_event().type == "fact_decided"
    with pytest.raises(Refused, match="is_decided"):
        facts.leave_out(**act, version=page.version, reason="again")

    page = reviews.undo(by=clinician, summary_id=summary.pk, version=page.version, target=fact)
    assert [one.target for one in page.left_out] == [fact]
    with pytest.raises(Refused, match="nothing_to_undo"):
        reviews.undo(by=clinician, summary_id=summary.pk, version=page.version, target=fact)


def test_the_rest_is_closed_as_one_act_and_opened_one_by_one(clinician: User, summary: Summary) -> None:
    page = page_of(clinician, summary)
    page = facts.close_others(by=clinician, summary_id=summary.pk, version=page.version)

    closed = fact_in(page, "diabetes")
    assert closed.is_closed
    assert fact_in(page, ALLERGY).is_open
    assert (last_event().type, last_event().detail) == ("facts_closed", {"facts": 1})
    with pytest.raises(Refused, match="nothing_to_close"):
        facts.close_others(by=clinician, summary_id=summary.pk, version=page.version)
    page = reviews.undo(by=clinician, summary_id=summary.pk, version=page.version, target=closed.target)
    assert fact_in(page, "diabetes").is_open


def test_signing_demands_a_decision_on_each_critical_left_out_fact(clinician: User, summary: Summary) -> None:
    page = page_of(clinician, summary)
    with pytest.raises(Refused) as refused:
        reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)
    assert refused.value.refusal.items == (page.left_out[0].target,)
    assert refused.value.refusal.sentence == ("Decide first on each critical fact that the draft leaves out.")

    page = facts.leave_out(
        by=clinician,
        summary_id=summary.pk,
        version=page.version,
        fact=page.left_out[0].target,
        reason="Refuted.",
    )
    page = reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)

    kept = Signature.objects.get().content["facts"]
    assert [(fact["text"], fact["status"], fact["by"], fact["reason"]) for fact in kept] == [
        (ALLERGY, "not_needed", "Dr Ada Invented", "Refuted."),
        ("Type 2 diabetes, well controlled", "closed", "", ""),
    ]
    assert last_event().detail["closed"] == 1
    assert [(fact.text, fact.verb) for fact in page.ledger.facts] == [
        (ALLERGY, "not_needed"),
        ("Type 2 diabetes, well controlled", "closed"),
    ]
    assert Signature.objects.get().content["lexicons"]


def test_a_signature_says_which_claim_used_a_fact(clinician: User, summary: Summary) -> None:
    page = page_of(clinician, summary)
    page = facts.add(by=clinician, summary_id=summary.pk, version=page.version, fact=page.left_out[0].target)
    reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)

    kept = Signature.objects.get().content["facts"][0]
    assert (kept["status"], kept["used_by"]) == ("used", [str(page.claims[-1].target)])


def test_a_draft_from_before_the_ledger_says_that_nobody_looked(clinician: User, summary: Summary) -> None:
    assert page_of(clinician, summary).ledger.is_known
    before = begin_draft(note_of(summary), clinician)
    end_draft(before, has_ledger=False)

    ledger = page_of(clinician, before).ledger

    assert (ledger.is_known, ledger.facts) == (False, ())


def test_a_colleague_learns_what_was_decided_on_a_fact(clinician: User, summary: Summary) -> None:
    colleague = make_clinician(team_of(clinician))
    page = page_of(clinician, summary)
    facts.close_others(by=clinician, summary_id=summary.pk, version=page.version)

    with pytest.raises(Refused) as refused:
        facts.add(by=colleague, summary_id=summary.pk, version=page.version, fact=page.left_out[0].target)

    assert refused.value.refusal.items == ("Dr Ada Invented: closed as not needed a left-out fact",)


def test_somebody_of_another_team_gets_404(clinician: User, summary: Summary) -> None:
    stranger = make_clinician()
    fact = page_of(clinician, summary).left_out[0].target
    for act in (facts.add, facts.leave_out):
        with pytest.raises(Refused, match="not_found"):
            act(by=stranger, summary_id=summary.pk, version=0, fact=fact, reason="x")
    with pytest.raises(Refused, match="not_found"):
        facts.close_others(by=stranger, summary_id=summary.pk, version=0)


def test_a_fact_of_another_draft_is_gone_for_this_one_and_refused_by_the_database(
    clinician: User, summary: Summary
) -> None:
    other = begin_draft(make_note(clinician, text=TEXT), clinician)
    foreign = state(other, ALLERGY, 5)
    end_draft(other)

    with pytest.raises(Refused, match="gone"):
        facts.add(by=clinician, summary_id=summary.pk, version=0, fact=foreign.pk)
    page = page_of(clinician, summary)
    facts.close_others(by=clinician, summary_id=summary.pk, version=page.version)
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.create(
            review=Review.objects.get(summary=summary),
            number=99,
            by=clinician,
            target=foreign.pk,
            fact=foreign,
            verb="not_needed",
        )
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.create(
            review=Review.objects.get(summary=summary),
            number=99,
            by=clinician,
            target=uuid.uuid4(),
            verb="not_needed",
        )


def test_facts_are_immutable_and_come_only_while_the_draft_is_written(
    clinician: User, summary: Summary
) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        state(summary, "Too late", 3)
    for statement in ("UPDATE clinical_fact SET position = 7", "DELETE FROM clinical_fact"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Fact.objects.filter(summary=summary).count() == 2


def test_every_kind_of_fact_can_be_added(clinician: User) -> None:
    made = begin_draft(make_note(clinician, text=TEXT), clinician)
    go_on(made, 1, "Chest pain on exertion for three days", 3)
    for kind in FactKind:
        state(made, "Aspirin 81 mg daily", 8, kind=kind, is_critical=False)
    end_draft(made)
    page = page_of(clinician, made)

    for kind in FactKind:
        fact = next(one for one in page.ledger.facts if one.kind == kind)
        if not fact.is_used:
            page = facts.add(by=clinician, summary_id=made.pk, version=page.version, fact=fact.target)

    assert all(fact.is_used for fact in page.ledger.facts)


def test_the_worklist_counts_critical_left_out_facts_and_ranks_by_them(
    clinician: User, summary: Summary
) -> None:
    older = begin_draft(make_note(clinician, text=TEXT), clinician)
    go_on(older, 1, "Chest pain on exertion for three days", 3)
    end_draft(older)
    page = facts.close_others(by=clinician, summary_id=summary.pk, version=0)

    def lines() -> list[tuple[Summary, int]]:
        waiting = summaries.worklist(by=clinician).waiting
        return [(line.summary, line.left_out_count) for line in waiting if line.summary in {summary, older}]

    assert lines()[0] == (summary, 1)
    page = facts.add(by=clinician, summary_id=summary.pk, version=page.version, fact=page.left_out[0].target)
    assert dict(lines())[summary] == 0
