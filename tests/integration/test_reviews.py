"""Deciding and signing."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from clinical.access import Refused
from clinical.actions import reviews, summaries
from clinical.actions.review_pages import ReviewPage
from clinical.models import AuditEvent, Decision, Role, Signature, Summary, User
from tests.drafts import leave_out
from tests.factories import make_account, make_clinician, make_summary, team_of


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician()


@pytest.fixture
def summary(clinician: User) -> Summary:
    return make_summary(clinician)


def opened(clinician: User, summary: Summary) -> ReviewPage:
    return summaries.open_summary(by=clinician, summary_id=summary.pk)


def decide(by: User, page: ReviewPage, target: UUID, verb: str, **fields: object) -> ReviewPage:
    return reviews.decide(
        by=by,
        summary_id=page.summary.pk,
        version=page.version,
        target=target,
        verb=verb,
        **fields,  # type: ignore[arg-type]
    )


def test_an_edit_is_checked_at_once_and_the_engines_claim_stays(clinician: User, summary: Summary) -> None:
    page = opened(clinician, summary)
    claim = next(c for c in page.claims if "50 mg" in c.text)
    wrong = {
        "text": claim.text.replace("50 mg", "500 mg"),
        "category": claim.category,
        "assertion": claim.assertion,
        "evidence": claim.evidence,
    }

    with pytest.raises(Refused, match="needs_reason"):
        decide(clinician, page, claim.target, "edit", **wrong)
    page = decide(clinician, page, claim.target, "edit", reason="Telephoned the pharmacy.", **wrong)

    edited = next(c for c in page.claims if c.target == claim.target)
    assert edited.flags
    assert edited.original == claim.text
    assert summary.claims.get(pk=claim.target).text == claim.text


def test_a_claim_a_clinician_adds_finds_its_evidence_and_can_be_undone(
    clinician: User, summary: Summary
) -> None:
    page = opened(clinician, summary)
    count = len(page.claims)

    page = reviews.add(
        by=clinician,
        summary_id=summary.pk,
        version=page.version,
        text="Aspirin 81 mg daily",
        category="medication",
        assertion="present",
    )
    added = next(c for c in page.claims if c.is_added)
    assert added.evidence
    assert len(page.claims) == count + 1

    page = reviews.undo(by=clinician, summary_id=summary.pk, version=page.version, target=added.target)
    assert len(page.claims) == count
    assert Decision.objects.count() == 2


def test_the_second_of_two_people_gets_409_with_what_changed(clinician: User, summary: Summary) -> None:
    colleague = make_clinician(team_of(clinician))
    mine, theirs = opened(clinician, summary), opened(colleague, summary)
    decide(clinician, mine, mine.claims[-1].target, "reject")

    with pytest.raises(Refused) as refused:
        decide(colleague, theirs, theirs.claims[-1].target, "accept", reason="x")

    assert refused.value.refusal.status == 409
    assert clinician.full_name in refused.value.refusal.items[0]
    assert Decision.objects.count() == 1


def test_signing_is_refused_with_the_list_while_a_critical_flag_has_no_decision(
    clinician: User, script: Callable[..., None]
) -> None:
    wrong = {"text": "Metoprolol 500 mg twice daily", "category": "medication", "assertion": "present"}
    script({"claims": [{**wrong, "evidence": [7]}], "sentence_claims": 2})
    summary = make_summary(clinician)
    page = opened(clinician, summary)
    (doubted,) = page.blockers
    assert page.claims[0] == doubted

    with pytest.raises(Refused) as refused:
        reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)
    assert refused.value.refusal.status == 409
    assert refused.value.refusal.items == (doubted.target, *(fact.target for fact in page.left_out))

    with pytest.raises(Refused, match="needs_reason"):
        decide(clinician, page, doubted.target, "accept")
    page = decide(clinician, page, doubted.target, "accept", reason="Telephoned the pharmacy.")
    page = leave_out(clinician, page)
    page = reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)
    assert page.signature is not None
    assert page.signature.content["claims"][0]["reason"] == "Telephoned the pharmacy."


def test_a_draft_of_which_no_claim_stands_is_not_signed(clinician: User, summary: Summary) -> None:
    page = opened(clinician, summary)
    rejected = page.claims[0].target
    for claim in page.claims:
        page = decide(clinician, page, claim.target, "reject")
    page = leave_out(clinician, page)

    with pytest.raises(Refused) as refused:
        reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)
    assert (refused.value.refusal.code, refused.value.refusal.status) == ("nothing_stands", 409)
    assert refused.value.refusal.sentence == (
        "Every claim was rejected, so nothing would be signed."
        " Accept or add a claim, or leave the draft unsigned."
    )
    assert not Signature.objects.exists()

    page = reviews.undo(by=clinician, summary_id=summary.pk, version=page.version, target=rejected)
    assert reviews.sign(by=clinician, summary_id=summary.pk, version=page.version).signature


def test_a_trainee_may_review_but_not_sign(summary: Summary, clinician: User) -> None:
    trainee = make_clinician(team_of(clinician), may_sign=False)
    page = opened(trainee, summary)
    page = decide(trainee, page, page.claims[-1].target, "reject")

    with pytest.raises(Refused, match="may_not_sign"):
        reviews.sign(by=trainee, summary_id=summary.pk, version=page.version)
    event = AuditEvent.objects.order_by("-seq")[0]
    assert (event.type, event.outcome) == ("summary_signed", "denied")


def test_a_signed_summary_is_immutable_and_takes_addenda(clinician: User, summary: Summary) -> None:
    page = opened(clinician, summary)
    for claim in page.blockers:
        page = decide(clinician, page, claim.target, "accept", reason="seen")
    page = reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)

    with pytest.raises(Refused, match="signed"):
        decide(clinician, page, page.claims[0].target, "reject")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE clinical_signature SET unread_count = 0")
    page = reviews.add_addendum(by=clinician, summary_id=summary.pk, text="Seen again, no change.")
    assert [addendum.text for addendum in page.addenda] == ["Seen again, no change."]
    assert page.draft_label == ""
    assert Signature.objects.get().unread_count == len(page.undecided)


def test_an_unsigned_draft_says_that_it_was_extracted(clinician: User, summary: Summary) -> None:
    assert "not signed" in opened(clinician, summary).draft_label
    assert "Extracted, not generated" in opened(clinician, summary).draft_label


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
def test_other_roles_see_no_summary_even_through_the_actions(role: str, summary: Summary) -> None:
    with pytest.raises(Refused, match="not_found"):
        summaries.open_summary(by=make_account(role), summary_id=summary.pk)


def test_every_act_names_its_patient_in_the_audit(clinician: User, summary: Summary) -> None:
    page = opened(clinician, summary)
    decide(clinician, page, page.claims[-1].target, "reject")

    for event in AuditEvent.objects.exclude(type="patients_searched"):
        assert event.patient_id == summary.patient_id


def test_a_sentence_number_that_the_note_does_not_have_is_refused(clinician: User, summary: Summary) -> None:
    with pytest.raises(Refused, match="no_such_sentence"):
        reviews.add(
            by=clinician,
            summary_id=summary.pk,
            version=0,
            text="Aspirin 81 mg daily",
            category="medication",
            assertion="present",
            evidence=[8, 9999],
        )


def test_the_same_addendum_sent_twice_is_kept_once(clinician: User, summary: Summary) -> None:
    reviews.sign(by=clinician, summary_id=summary.pk, version=0)
    reviews.add_addendum(by=clinician, summary_id=summary.pk, text="Seen again.")

    with pytest.raises(Refused, match="is_there"):
        reviews.add_addendum(by=clinician, summary_id=summary.pk, text="Seen again. ")


def test_a_first_look_by_polling_is_a_read_and_a_finished_draft_gives_no_claims_to_a_poll(
    clinician: User, summary: Summary
) -> None:
    found = summaries.progress(by=clinician, summary_id=summary.pk, after=0)
    summaries.progress(by=clinician, summary_id=summary.pk, after=0)

    assert found.claims == []
    assert found.claim_count == summary.claims.count()
    assert AuditEvent.objects.filter(type="summary_opened").count() == 1
