"""Summaries: asking for one, watching it come, opening a note, taking the text out, the worklist."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models.functions import Coalesce

from clinical.access import Refusal, Refused, may_use_note
from clinical.actions import drafts, jobs, prompts
from clinical.actions.audit import audited
from clinical.actions.finding import find, has_opened
from clinical.actions.review_pages import ReviewPage, build
from clinical.actions.reviewed_claims import ReviewedClaim, engine_claims
from clinical.models import (
    AuditType,
    Claim,
    Decision,
    Document,
    Flag,
    Job,
    Note,
    Patient,
    Review,
    Signature,
    Summary,
    SummarySource,
    User,
)
from inference.vocabulary import Severity

WORKLIST_ROWS = 100


def request(*, by: User, note_id: UUID, prompt: str = "") -> Job:
    """Ask for a new draft of a note; older drafts stay.

    Args:
        prompt: the kind of summary; "" is the care team's.

    Raises:
        Refused: 409, one of this kind is being made already, or the note may not be used; 422, no such kind.
    """
    with audited(AuditType.SUMMARY_REQUESTED, by=by) as entry:
        note: Note = find(Note.objects.select_related("document", "patient"), note_id, by=by)
        entry.thing, entry.patient_id = note, note.patient_id
        if refusal := may_use_note(note):
            raise Refused(refusal, thing=note)
        kind = prompts.demand(prompt or prompts.default_for(by, note.patient))
        entry.detail["prompt"] = kind
        return jobs.queue(Job.Kind.SUMMARIZE, document=note.document, note=note, by=by, prompt=kind)


def open_summary(*, by: User, summary_id: UUID) -> ReviewPage:
    """Open a summary beside its source."""
    return _read(AuditType.SUMMARY_OPENED, summary_id, by)


def print_summary(*, by: User, summary_id: UUID) -> ReviewPage:
    """Open a summary for print.

    Raises:
        Refused: 409, the draft is not complete.
    """
    return _read(AuditType.SUMMARY_PRINTED, summary_id, by, demand_complete=True)


def copy_text(*, by: User, summary_id: UUID) -> ReviewPage:
    """Take the text of a summary out.

    Raises:
        Refused: 409, the draft is not complete.
    """
    return _read(AuditType.SUMMARY_COPIED, summary_id, by, demand_complete=True)


def _read(kind: AuditType, summary_id: UUID, by: User, *, demand_complete: bool = False) -> ReviewPage:
    with audited(kind, by=by) as entry:
        summary: Summary = find(Summary.objects, summary_id, by=by)
        entry.thing, entry.patient_id = summary, summary.patient_id
        page = build(summary, by=by)
        if demand_complete and summary.status != Summary.Status.READY:
            raise Refused(Refusal("incomplete", "This draft is not complete yet.", 409), thing=summary)
        if page.withdrawals and demand_complete and page.signature is None:
            raise Refused(
                Refusal("withdrawn", "The note was entered in error; its draft cannot be used.", 409),
                thing=summary,
            )
    return page


@dataclass(frozen=True)
class Progress:
    """What came since the cursor.

    Attributes:
        claims: only while the draft streams.
        after: the next cursor.
        claim_count, critical_count: of a finished draft; 0 before.
    """

    summary: Summary
    claims: list[ReviewedClaim]
    after: int
    claim_count: int
    critical_count: int


def progress(*, by: User, summary_id: UUID, after: int) -> Progress:
    """Fetch the claims that came after a position.

    Polling a summary that was opened is no further read; a denial and a first look by polling are audited.
    A draft that is over gives no claims: the page that shows them is opened anew.
    """
    visible = Summary.objects.visible_to(by).select_related("model_version").filter(pk=summary_id).first()
    if visible is None or not has_opened(visible, AuditType.SUMMARY_OPENED, by=by):
        with audited(AuditType.SUMMARY_OPENED, by=by) as entry:
            entry.thing = visible = find(Summary.objects.select_related("model_version"), summary_id, by=by)
            entry.patient_id = visible.patient_id
    is_streaming = visible.status == Summary.Status.STREAMING
    claims = engine_claims(visible, after=after) if is_streaming else []
    counted = critical = 0
    if visible.status == Summary.Status.READY:
        counted = visible.claims.count()
        critical = visible.claims.filter(flags__severity=Severity.CRITICAL).distinct().count()
    return Progress(visible, claims, claims[-1].position if claims else after, counted, critical)


@dataclass(frozen=True)
class WaitingSummary:
    """A line of the worklist.

    A note has one for each kind of summary: its newest draft, generated rather than extracted; and one for
    each older draft that somebody has begun to review, until a newer one of its kind is signed.

    Attributes:
        kind: the title of its prompt.
        has_newer: somebody began on it, and a newer draft of its kind is ready since.
        critical_count: claims with a critical flag and no decision.
        left_out_count: critical facts that the draft leaves out, with no decision.
        undecided_count: claims nobody decided.
        has_ledger: somebody looked for what it leaves out; not of a draft from before the ledger.
    """

    summary: Summary
    document: Document
    patient: Patient
    kind: str
    has_newer: bool
    critical_count: int
    left_out_count: int
    claim_count: int
    undecided_count: int
    has_ledger: bool


@dataclass(frozen=True)
class Worklist:
    """What waits for a clinician.

    Attributes:
        waiting: drafts ready for review, most open critical flags and left-out facts first, then the longest
            waiting.
        in_doubt: documents that name another patient than the chosen one.
        failed: documents whose reading or drafting failed.
        in_work: documents being read or drafted.
        signed: what the care teams signed last.
    """

    waiting: list[WaitingSummary]
    in_doubt: Sequence[Document]
    failed: Sequence[tuple[Document, str]]
    in_work: Sequence[Document]
    signed: Sequence[Signature]


def worklist(*, by: User) -> Worklist:
    """Open the worklist: one audit event that names the patients shown."""
    with audited(AuditType.WORKLIST_OPENED, by=by) as entry:
        waiting = _waiting(by)
        documents = (
            Document.objects.visible_to(by).not_withdrawn().defer("content_sealed").select_related("patient")
        )
        newest = Job.objects.filter(document=models.OuterRef("pk")).order_by(*jobs.LAST_IN_WORK)
        documents = documents.annotate(
            job_status=models.Subquery(newest.values("status")[:1]),
            job_error=models.Subquery(newest.values("error_code")[:1]),
        ).order_by("-uploaded_at", "-id")
        in_doubt = list(documents.filter(mismatch__outcome="")[:WORKLIST_ROWS])
        failed = list(documents.filter(job_status=Job.Status.FAILED)[:WORKLIST_ROWS])
        live = [Job.Status.QUEUED, Job.Status.RUNNING]
        in_work = list(documents.filter(job_status__in=live)[:WORKLIST_ROWS])
        signed = list(
            Signature.objects.filter(review__summary__patient__in=Patient.objects.visible_to(by))
            .annotate(
                is_withdrawn=models.Exists(
                    SummarySource.objects.filter(
                        summary=models.OuterRef("review__summary"), note__document__withdrawal__isnull=False
                    )
                )
            )
            .defer("content_sealed")
            .select_related("signed_by", "review__summary__patient")
            .order_by("-signed_at", "-id")[:10]
        )
        shown = {line.patient.pk for line in waiting} | {d.patient_id for d in [*in_doubt, *failed, *in_work]}
        shown |= {signature.review.summary.patient_id for signature in signed}
        entry.detail["patients"] = sorted(str(pk) for pk in shown)
        failures = [(document, jobs.failure_words(document.job_error, document)) for document in failed]
    return Worklist(waiting, in_doubt, failures, in_work, signed)


def _waiting(by: User) -> list[WaitingSummary]:
    newest = Decision.objects.filter(claim=models.OuterRef("pk")).order_by("-number").values("verb")[:1]
    claims = Claim.objects.filter(summary=models.OuterRef("pk")).annotate(
        newest=Coalesce(models.Subquery(newest), models.Value("undo"))
    )
    critical = claims.filter(
        models.Exists(Flag.objects.filter(claim=models.OuterRef("pk"), severity=Severity.CRITICAL))
    )

    def count(rows: models.QuerySet[Claim]) -> Coalesce:
        counted = rows.order_by().values("summary").annotate(n=models.Count("pk")).values("n")
        return Coalesce(models.Subquery(counted), 0)

    newer = drafts.replacements(
        note=models.OuterRef("sources__note"),
        prompt=models.OuterRef("model_version__prompt"),
        ended_at=models.OuterRef("ended_at"),
        is_generative=models.OuterRef("model_version__is_generative"),
    )
    begun = Review.objects.filter(summary=models.OuterRef("pk"), version__gt=0)
    found = (
        Summary.objects.visible_to(by)
        .awaiting_review()
        .not_withdrawn()
        .annotate(is_begun=models.Exists(begun), has_newer=models.Exists(newer))
        .exclude(has_newer=True, is_begun=False)
        .exclude(models.Exists(newer.filter(review__signature__isnull=False)))
        .select_related("patient", "model_version")
        .prefetch_related(
            models.Prefetch(
                "sources",
                queryset=SummarySource.objects.select_related("note__document").defer(
                    "note__text_sealed", "note__layout", "note__document__content_sealed"
                ),
            )
        )
        .annotate(
            critical_count=count(critical.filter(newest="undo")),
            left_out_now=Coalesce("review__left_out_count", "left_out_count"),
            claim_count=count(claims),
            undecided_count=count(claims.filter(newest="undo")),
        )
        .annotate(open_count=models.F("critical_count") + models.F("left_out_now"))
        .order_by("-open_count", "ended_at", "id")[:WORKLIST_ROWS]
    )
    return [
        WaitingSummary(
            s,
            s.sources.all()[0].note.document,
            s.patient,
            prompts.title_of(s.model_version.prompt),
            s.has_newer,
            s.critical_count,
            s.left_out_now,
            s.claim_count,
            s.undecided_count,
            s.fact_count is not None,
        )
        for s in found
    ]
