"""The main job, arrow by arrow: upload, extract, summarise, review, sign, audit."""

from clinical.actions import audit, documents, jobs, reviews, summaries
from clinical.models import AuditEvent, Job, Note, Summary
from inference.text import from_layout
from tests.drafts import leave_out
from tests.factories import make_clinician, make_document, make_note, make_summary, run_jobs


def test_an_upload_is_kept_with_a_job_and_an_audit_row(db: None) -> None:
    clinician = make_clinician()

    document = make_document(clinician)

    job = Job.objects.get(document=document)
    assert (job.kind, job.status) == (Job.Kind.EXTRACT, Job.Status.QUEUED)
    event = AuditEvent.objects.first()
    assert event is not None
    assert (event.type, event.object_id, event.patient_id) == (
        "document_uploaded",
        document.pk,
        document.patient_id,
    )


def test_reading_a_document_makes_a_note_and_queues_its_summary(db: None) -> None:
    document = make_document(make_clinician())

    jobs.run(Job.objects.get(document=document).pk)

    note = Note.objects.get(document=document)
    assert note.text.startswith("Invented patient, for testing.")
    assert note.sentence_count == len(from_layout(note.text, note.layout).sentences)
    assert Job.objects.get(note=note).kind == Job.Kind.SUMMARIZE


def test_drafting_makes_a_ready_summary_whose_evidence_slices_back(db: None) -> None:
    note = make_note(make_clinician())

    summary = Summary.objects.get(sources__note=note)
    assert summary.status == Summary.Status.READY
    claims = list(summary.claims.all())
    assert claims
    for claim in claims:
        for evidence in claim.evidence.all():
            assert note.text[evidence.start : evidence.end].strip()
    assert any("Penicillin" in claim.text for claim in claims)


def test_a_clinician_decides_and_signs_and_the_result_is_whole(db: None) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    page = summaries.open_summary(by=clinician, summary_id=summary.pk)
    first, second, *_ = page.claims

    page = reviews.decide(
        by=clinician, summary_id=summary.pk, version=0, target=first.target, verb="accept", reason="seen"
    )
    page = reviews.decide(
        by=clinician, summary_id=summary.pk, version=1, target=second.target, verb="reject", reason="not so"
    )
    for claim in page.blockers:
        page = reviews.decide(
            by=clinician,
            summary_id=summary.pk,
            version=page.version,
            target=claim.target,
            verb="accept",
            reason="seen",
        )
    page = leave_out(clinician, page)
    page = reviews.sign(by=clinician, summary_id=summary.pk, version=page.version)

    assert page.signature is not None
    content = page.signature.content
    assert len(content["claims"]) == len(page.claims)
    assert {claim["status"] for claim in content["claims"]} >= {"accept", "reject", "signed unread"}
    assert content["model_version"]["prompt_digest"]


def test_the_audit_tells_the_journey_and_its_chain_verifies(db: None) -> None:
    clinician = make_clinician()
    make_summary(clinician)

    types = list(AuditEvent.objects.order_by("seq").values_list("type", flat=True))
    assert types == [
        "patient_created",
        "document_uploaded",
        "note_extracted",
        "summary_started",
        "summary_ready",
    ]
    assert audit.verify_chain().problem == ""


def test_the_same_bytes_for_the_same_patient_are_recognised(db: None) -> None:
    clinician = make_clinician()
    document = make_document(clinician)

    again = documents.upload(
        by=clinician,
        patient_id=document.patient_id,
        content=document.content,
        filename="other.txt",
        note_type="other",
        note_date=document.note_date,
    )

    assert again.is_known
    assert again.document == document
    run_jobs()
