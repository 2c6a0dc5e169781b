"""The work of an extract job: bytes to text in a subprocess, whose note it is, then the summary's job."""

from collections.abc import Iterator

from django.utils import timezone

from clinical.actions import engines, prompts
from clinical.actions.audit import Entry, audited, write
from clinical.actions.failures import Failure
from clinical.actions.leases import Lease
from clinical.models import AuditType, Document, IdentityMismatch, Job, Note
from inference.parsing import ParseRefused, parse
from inference.parsing.identity import disagreements, find_identity
from inference.text import read_note, to_layout
from inference.vocabulary import DocumentFormat

MAX_SENTENCES = 20_000
"""More than the longest note people write; an engine's schema names every sentence."""


def work(lease: Lease) -> Iterator[Job]:
    """Read a document and store its note; yield the summary's job, unless the patient is in doubt.

    Raises:
        Failure: the document cannot be read, for good.
        LeaseLost: another attempt has it.
    """
    document = Document.objects.select_related("patient", "uploaded_by").get(pk=lease.job.document_id)
    try:
        parsed = parse(document.content, DocumentFormat(document.format))
        read = read_note(parsed.text)
    except ParseRefused as refused:
        raise Failure(refused.code, is_temporary=False) from None
    if not read.sentences:
        raise Failure("no_sentence", is_temporary=False)
    if len(read.sentences) > MAX_SENTENCES:
        raise Failure("limit", is_temporary=False)
    patient = document.patient
    identity = find_identity(parsed.text)
    fields = disagreements(
        identity,
        mrn=patient.mrn,
        name=f"{patient.given_name} {patient.family_name}",
        birth_date=patient.birth_date,
    )
    next_job = None
    with audited(AuditType.NOTE_EXTRACTED, by=None, patient_id=patient.pk) as entry:
        job = lease.fence()
        entry.thing = note = Note.objects.create(
            document=document,
            patient=patient,
            supersedes=document.supersedes,
            character_count=len(parsed.text),
            sentence_count=len(read.sentences),
            layout=to_layout(read),
            warnings=list(parsed.warnings),
            text=parsed.text,
        )
        entry.detail.update(sentences=len(read.sentences), mismatch=list(fields))
        job.status, job.finished_at, job.lease_until = Job.Status.DONE, timezone.now(), None
        job.save(update_fields=["status", "finished_at", "lease_until"])
        if fields:
            IdentityMismatch.objects.create(
                document=document,
                fields=list(fields),
                found={
                    "mrn": list(identity.mrns),
                    "name": list(identity.names),
                    "birth_date": [day.isoformat() for day in identity.birth_dates],
                },
            )
            write(Entry(AuditType.MISMATCH_FOUND, None, document, patient.pk, {"fields": list(fields)}))
        else:
            next_job = Job.objects.create(
                kind=Job.Kind.SUMMARIZE,
                lane=job.lane,
                document=document,
                note=note,
                requested_by=job.requested_by,
                prompt=prompts.of_upload(document),
                engine=engines.site_engine().name,
            )
    if next_job:
        yield next_job
