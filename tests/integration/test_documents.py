"""Uploads: kept whole or refused whole; the wrong patient stops the work; entered in error hides all."""

import datetime

import pytest

from clinical.access import Refused
from clinical.actions import documents, reviews, summaries
from clinical.models import (
    AuditEvent,
    Document,
    IdentityMismatch,
    Job,
    Note,
    Signature,
    Summary,
    Withdrawal,
)
from tests.factories import (
    NOTE,
    make_clinician,
    make_document,
    make_note,
    make_patient,
    make_summary,
    run_jobs,
    team_of,
)


def test_an_empty_file_is_refused_and_leaves_nothing_but_a_denial(db: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician)

    with pytest.raises(Refused) as refused:
        make_document(clinician, patient, text="")

    assert refused.value.refusal.code == "empty"
    assert refused.value.refusal.sentence
    assert not Document.objects.exists()
    assert not Job.objects.exists()
    event = AuditEvent.objects.order_by("-seq")[0]
    assert (event.type, event.outcome, event.patient_id) == ("document_uploaded", "denied", patient.pk)


def test_a_document_that_cannot_be_read_is_kept_and_says_why(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician, content=b"%PDF-1.4\nthis is cut off", filename="letter.pdf", text="x")

    run_jobs()

    page = documents.open_document(by=clinician, document_id=document.pk)
    assert page.job is not None
    assert page.job.status == Job.Status.FAILED
    assert page.failure
    assert page.is_settled
    assert not Note.objects.exists()


def test_a_document_whose_reading_failed_is_read_again_when_it_is_sent_again(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician, content=b"%PDF-1.4\nthis is cut off", filename="letter.pdf", text="x")
    run_jobs()

    again = make_document(
        clinician, document.patient, content=b"%PDF-1.4\nthis is cut off", filename="letter.pdf", text="x"
    )

    assert again == document
    assert Job.objects.live().filter(document=document).count() == 1


def test_a_document_that_names_another_patient_stops_until_a_clinician_confirms(db: None) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician, mrn="EP-111111", given_name="Ida", family_name="Sample")
    document = make_document(clinician, patient, text="Patient: Otto Different\nMRN: EP-222222\n\n" + NOTE)

    run_jobs()

    mismatch = IdentityMismatch.objects.get(document=document)
    assert "mrn" in mismatch.fields
    assert not Summary.objects.exists()

    documents.confirm_patient(by=clinician, document_id=document.pk, reason="Maiden name.")
    run_jobs()

    assert Summary.objects.get(sources__note__document=document).status == Summary.Status.READY
    with pytest.raises(Refused, match="nothing_to_confirm"):
        documents.confirm_patient(by=clinician, document_id=document.pk, reason="Maiden name.")


def test_entered_in_error_hides_the_draft_and_marks_what_was_signed(db: None) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    for claim in page.blockers:
        page = reviews.decide(
            by=clinician,
            summary_id=summary.pk,
            version=page.version,
            target=claim.target,
            verb="accept",
            reason="seen",
        )
    reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)

    documents.withdraw(by=clinician, document_id=page.document.pk, reason="Another patient's letter.")

    signed = summaries.open_summary(by=clinician, summary_id=summary.pk)
    assert signed.signature is not None
    assert signed.withdrawals
    assert Signature.objects.count() == 1
    assert summaries.worklist(by=clinician).waiting == []
    with pytest.raises(Refused, match="withdrawn"):
        documents.withdraw(by=clinician, document_id=page.document.pk, reason="again")


def test_an_unsigned_draft_of_a_withdrawn_note_cannot_be_decided_copied_or_signed(db: None) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    documents.withdraw(by=clinician, document_id=page.document.pk, reason="Wrong patient.")

    with pytest.raises(Refused, match="withdrawn"):
        reviews.decide(
            by=clinician,
            summary_id=summary.pk,
            version=0,
            target=page.claims[0].target,
            verb="accept",
            reason="x",
        )
    with pytest.raises(Refused, match="withdrawn"):
        summaries.copy_text(by=clinician, summary_id=summary.pk)
    with pytest.raises(Refused, match="withdrawn"):
        reviews.sign(by=clinician, summary_id=summary.pk, version=0)


def test_a_withdrawal_before_reading_cancels_the_work(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician)

    documents.withdraw(by=clinician, document_id=document.pk, reason="Duplicate.")
    run_jobs()

    assert Job.objects.get().status == Job.Status.CANCELLED
    assert not Note.objects.exists()


def test_a_withdrawal_needs_a_reason(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician)

    with pytest.raises(Refused, match="no_reason"):
        documents.withdraw(by=clinician, document_id=document.pk, reason="  ")
    assert not Withdrawal.objects.exists()


def test_after_a_withdrawal_the_same_bytes_may_be_uploaded_again(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician)
    documents.withdraw(by=clinician, document_id=document.pk, reason="Wrong date.")

    again = documents.upload(
        by=clinician,
        patient_id=document.patient_id,
        content=document.content,
        filename="note.txt",
        note_type="progress",
        note_date=datetime.date(2026, 11, 2),
    )

    assert not again.is_known


def test_a_corrected_note_supersedes_and_drafts_from_the_old_one_say_so(db: None) -> None:
    clinician = make_clinician()
    old = make_summary(clinician)
    note = old.sources.get().note

    corrected = make_note(clinician, old.patient, text=NOTE.replace("50 mg", "25 mg"), supersedes_id=note.pk)

    page = summaries.open_summary(by=clinician, summary_id=old.pk)
    assert page.newer_notes == (corrected,)


def test_a_colleague_outside_the_team_gets_404_and_it_is_audited(db: None) -> None:
    document = make_document(make_clinician())
    stranger = make_clinician()

    with pytest.raises(Refused) as refused:
        documents.open_document(by=stranger, document_id=document.pk)

    assert refused.value.refusal.status == 404
    event = AuditEvent.objects.order_by("-seq")[0]
    assert (event.type, event.outcome, event.actor) == ("document_opened", "denied", stranger.username)
    assert event.object_id == document.pk
    assert event.patient_id == document.patient_id


def test_a_thing_that_does_not_exist_looks_the_same_but_leaves_no_denial(db: None) -> None:
    stranger = make_clinician()
    before = AuditEvent.objects.count()

    with pytest.raises(Refused) as refused:
        documents.open_document(by=stranger, document_id=stranger.pk)

    assert refused.value.refusal.status == 404
    assert AuditEvent.objects.count() == before


def test_a_membership_that_ended_hides_the_patients(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician)
    clinician.memberships.update(ended_at=datetime.datetime.now(datetime.UTC))

    with pytest.raises(Refused, match="not_found"):
        documents.open_document(by=clinician, document_id=document.pk)


def test_members_of_one_team_see_the_same_patients(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician)
    colleague = make_clinician(team_of(clinician))

    assert documents.open_document(by=colleague, document_id=document.pk).document == document
