"""Documents: taking them in, confirming whose they are, marking them entered in error."""

import datetime
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.utils import timezone

from clinical.access import Refusal, Refused
from clinical.actions import jobs, outages, prompts
from clinical.actions.audit import audited
from clinical.actions.finding import find, has_opened
from clinical.actions.patients import has_namesake
from clinical.models import (
    AuditType,
    Document,
    IdentityMismatch,
    Job,
    Note,
    Patient,
    Summary,
    User,
    Withdrawal,
)
from clinical.sealed import keyed_digest
from inference.parsing import MAX_BYTES, ParseRefused, sniff

FILENAME_CHARACTERS = 200
FILE_BYTES = MAX_BYTES


@dataclass(frozen=True)
class Upload:
    """What became of an upload: a new document, or the one that holds the same bytes already."""

    document: Document
    is_known: bool


def upload(
    *,
    by: User,
    patient_id: UUID,
    content: bytes,
    filename: str,
    note_type: str,
    note_date: datetime.date,
    supersedes_id: UUID | None = None,
    prompt: str = "",
) -> Upload:
    """Keep an upload whole, or refuse it whole; the reading is queued in the same transaction.

    Args:
        content: the bytes as received.
        filename: as the person's machine named it.
        supersedes_id: the note this one corrects.
        prompt: the kind of summary that its first draft is; "" is the care team's.

    Raises:
        Refused: 422 with what to do: empty, too large, wrong type, extension and content disagree,
            no such kind of summary.
    """
    with audited(AuditType.DOCUMENT_UPLOADED, by=by) as entry:
        patient: Patient = find(Patient.objects, patient_id, by=by)
        entry.patient_id, entry.thing = patient.pk, patient
        if prompt:
            prompts.demand(prompt)
        filename = unicodedata.normalize("NFC", filename)[-FILENAME_CHARACTERS:]
        try:
            kind = sniff(content, filename)
        except ParseRefused as refused:
            raise Refused(Refusal(refused.code, refused.sentence, 422), thing=patient) from None
        supersedes: Note | None = find(Note.objects, supersedes_id, by=by) if supersedes_id else None
        if supersedes and supersedes.patient_id != patient.pk:
            raise Refused(Refusal("other_patient", "The corrected note is another patient's.", 422))
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        content_hash = keyed_digest("bytes", content)
        known = Document.objects.not_withdrawn().filter(patient=patient, content_hash=content_hash).first()
        document = known or Document.objects.create(
            patient=patient,
            uploaded_by=by,
            format=kind,
            byte_count=len(content),
            note_type=note_type,
            note_date=note_date,
            supersedes=supersedes,
            content=content,
            filename=filename,
            content_hash=content_hash,
        )
        entry.thing = document
        entry.detail.update(format=str(kind), bytes=len(content), is_known=known is not None)
        if not known or _reading_failed(known):
            jobs.queue(Job.Kind.EXTRACT, document=document, by=by, prompt=prompt)
    return Upload(document, known is not None)


def _reading_failed(document: Document) -> bool:
    """Say whether every attempt to read a document is over without a note: sending it again tries again."""
    unread = not Note.objects.filter(document=document).exists()
    return unread and not document.jobs.live().exists()


@dataclass(frozen=True)
class DocumentPage:
    """A document, where its reading and drafting stand, and what was made of it.

    Attributes:
        job: the newest job that is not over, else the one that ended last; the page tells its state.
        failure: why that job failed and what to do, or "".
        summary: the newest draft that may be looked at, streaming or ready.
        default_prompt: the kind of summary that the reader's care team has made.
        is_settled: nothing more will happen by itself, so polling may stop.
        has_namesake: another patient the clinician can see has the same name.
        newer: the document that corrects this one, or None.
    """

    patient: Patient
    document: Document
    note: Note | None
    mismatch: IdentityMismatch | None
    withdrawal: Withdrawal | None
    job: Job | None
    failure: str
    summary: Summary | None
    default_prompt: str
    is_settled: bool
    has_namesake: bool
    newer: Document | None

    @property
    def is_in_doubt(self) -> bool:
        """The document names another patient, and nobody has decided whose it is."""
        return self.mismatch is not None and not self.mismatch.outcome and self.withdrawal is None

    @property
    def may_redraft(self) -> bool:
        """A draft may be asked for; of another kind even while one is being made."""
        return self.note is not None and self.withdrawal is None and not self.is_in_doubt

    @cached_property
    def wait(self) -> outages.Wait | None:
        """Why the job waits, if it does."""
        return outages.wait_of(self.job) if self.job else None

    @property
    def has_new_draft(self) -> bool:
        """The newest job has begun to write what may be looked at."""
        return self.summary is not None and self.job is not None and self.summary.job_id == self.job.pk


def open_document(*, by: User, document_id: UUID) -> DocumentPage:
    """Open a document's page."""
    with audited(AuditType.DOCUMENT_OPENED, by=by) as entry:
        page = _page(document_id, by)
        entry.thing, entry.patient_id = page.document, page.patient.pk
    return page


def progress(*, by: User, document_id: UUID) -> DocumentPage:
    """Look again at a page that was opened: no further read. A first look and a denial are audited."""
    visible = Document.objects.visible_to(by).only("pk").filter(pk=document_id).first()
    if visible and has_opened(visible, AuditType.DOCUMENT_OPENED, by=by):
        return _page(document_id, by)
    return open_document(by=by, document_id=document_id)


def _page(document_id: UUID, by: User) -> DocumentPage:
    found: Document = find(
        Document.objects.defer("content_sealed").select_related("patient"), document_id, by=by
    )
    note = Note.objects.defer("text_sealed", "layout").filter(document=found).first()
    mismatch = IdentityMismatch.objects.filter(document=found).first()
    withdrawal = Withdrawal.objects.filter(document=found).select_related("by").first()
    job = found.jobs.order_by(*jobs.LAST_IN_WORK).first()
    shown = Summary.objects.filter(sources__note=note).exclude(status=Summary.Status.ABANDONED)
    summary = shown.order_by("-started_at", "-id").first() if note and not withdrawal else None
    is_live = job is not None and job.status in {Job.Status.QUEUED, Job.Status.RUNNING}
    failure = jobs.clinician_sentence(job) if job and job.status == Job.Status.FAILED else ""
    newer = Document.objects.not_withdrawn().filter(supersedes__document=found).defer("content_sealed")
    return DocumentPage(
        found.patient,
        found,
        note,
        mismatch,
        withdrawal,
        job,
        failure,
        summary,
        prompts.default_for(by, found.patient),
        is_settled=not is_live,
        has_namesake=has_namesake(found.patient, by=by),
        newer=newer.order_by("-uploaded_at").first(),
    )


def confirm_patient(*, by: User, document_id: UUID, reason: str) -> Document:
    """Confirm that a document which names another patient is the chosen one's after all; work goes on.

    Raises:
        Refused: 409, there is nothing to confirm; 422, no reason.
    """
    with audited(AuditType.MISMATCH_CONFIRMED, by=by) as entry:
        document: Document = find(Document.objects, document_id, by=by)
        entry.thing, entry.patient_id = document, document.patient_id
        if not reason.strip():
            raise Refused(Refusal("no_reason", "Say why it is this patient's.", 422), thing=document)
        Patient.objects.select_for_update(no_key=True).get(pk=document.patient_id)  # as a withdrawal does
        mismatch = IdentityMismatch.objects.filter(document=document, outcome="").first()
        if mismatch is None or Withdrawal.objects.filter(document=document).exists():
            raise Refused(Refusal("nothing_to_confirm", "This was decided already.", 409), thing=document)
        mismatch.outcome, mismatch.reason = IdentityMismatch.Outcome.CONFIRMED, reason.strip()
        mismatch.decided_by, mismatch.decided_at = by, timezone.now()
        mismatch.save(update_fields=["outcome", "reason_sealed", "decided_by", "decided_at"])
        kind = prompts.of_upload(document)
        jobs.queue(Job.Kind.SUMMARIZE, document=document, note=document.note, by=by, prompt=kind)
    return document


def withdraw(*, by: User, document_id: UUID, reason: str) -> Withdrawal:
    """Mark a document entered in error: it, its note and its drafts are hidden, its signed summaries marked.

    Raises:
        Refused: 409, done already; 422, no reason.
    """
    with audited(AuditType.DOCUMENT_WITHDRAWN, by=by) as entry:
        document: Document = find(Document.objects, document_id, by=by)
        entry.thing, entry.patient_id = document, document.patient_id
        if not reason.strip():
            raise Refused(Refusal("no_reason", "Say why this was entered in error.", 422), thing=document)
        Patient.objects.select_for_update(no_key=True).get(pk=document.patient_id)
        if Withdrawal.objects.filter(document=document).exists():
            raise Refused(
                Refusal("withdrawn", "This document is marked entered in error already.", 409), thing=document
            )
        withdrawal = Withdrawal.objects.create(document=document, by=by, reason=reason.strip())
        IdentityMismatch.objects.filter(document=document, outcome="").update(
            outcome=IdentityMismatch.Outcome.WITHDRAWN, decided_by=by, decided_at=timezone.now()
        )
        jobs.cancel_all(Job.objects.filter(document=document))
    return withdrawal
