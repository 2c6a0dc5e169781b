"""Jobs: queued in the caller's transaction, run under a lease, recovered when a worker dies."""

import datetime
import logging
import random
from dataclasses import dataclass
from uuid import UUID

import redis
from django.db import DatabaseError, IntegrityError, close_old_connections, connection, models, transaction
from django.utils import timezone

from clinical import dispatch
from clinical.access import NOT_FOUND, Refusal, Refused
from clinical.actions import engines, extraction, outages, summarizing
from clinical.actions.audit import Entry, audited, write
from clinical.actions.failures import Failure, clinician_words, operator_words
from clinical.actions.leases import Lease, LeaseLost
from clinical.models import AuditEvent, AuditType, Document, Job, Lane, Note, Summary, Tick, User
from clinical.models.jobs import LEASE, MAX_ATTEMPTS

logger = logging.getLogger(__name__)

BACKOFF_S = (2.0, 8.0, 30.0, 120.0)
RETRY_AFTER_MAX_S = 250.0
RING_AHEAD = 200
TICK = "recover_jobs"
LATE_S = 60
PAGE_ROWS = 50
LAST_IN_WORK = (models.F("finished_at").desc(nulls_first=True), "-id")
"""Order of a document's jobs: those that are not over, then the one that ended last."""
UNREAD = ("document__content_sealed", "document__filename_sealed")


def queue(
    kind: str,
    *,
    document: Document,
    note: Note | None = None,
    by: User | None,
    lane: str = Lane.INTERACTIVE,
    prompt: str = "",
) -> Job:
    """Add a job in the caller's transaction and ring for it on commit.

    Args:
        prompt: the kind of summary; to an extract job the one chosen with the upload, or "".

    Raises:
        Refused: 409, the same work is waiting or running already.
    """
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                lane=lane,
                document=document,
                note=note,
                requested_by=by,
                prompt=prompt,
                engine=engines.site_engine().name if kind == Job.Kind.SUMMARIZE else "",
            )
    except IntegrityError:
        raise Refused(Refusal("in_work", "This is being worked on already.", 409), thing=document) from None
    dispatch.ring_on_commit(job.pk, job.lane)
    return job


def run(job_id: UUID | str) -> None:
    """Work on a job if it is due: take the lease, work with no transaction open, store under the fence.

    Nothing is raised: the job's row says what happened.
    """
    job = _take(job_id)
    if job is None:
        return
    works = {Job.Kind.EXTRACT: extraction.work, Job.Kind.SUMMARIZE: summarizing.work}
    try:
        with Lease(job) as lease:
            for next_job in works[Job.Kind(job.kind)](lease):
                dispatch.ring(next_job.pk, next_job.lane)
    except LeaseLost:
        logger.info("job %s attempt %s was taken over or cancelled", job.pk, job.attempt)
    except Failure as failure:
        _fail(job, failure)
    except (
        Exception
    ) as error:  # an unforeseen fault must leave a row that says so, and its message may quote a note
        logger.exception("job %s attempt %s failed", job.pk, job.attempt)
        if not connection.in_atomic_block:
            close_old_connections()
        _fail(job, Failure("database" if isinstance(error, DatabaseError) else "internal", is_temporary=True))


def due() -> models.QuerySet[Job]:
    """Select the jobs that a worker may take now; those of an engine that is down wait."""
    return Job.objects.due().exclude(outages.held())


def _take(job_id: UUID | str) -> Job | None:
    """Take the lease of a due job, lock-free: the update that matches nothing has lost the race."""
    now = timezone.now()
    wanted = due().filter(pk=job_id)
    taken = wanted.filter(attempts_left__gt=0).update(
        status=Job.Status.RUNNING,
        attempt=models.F("attempt") + 1,
        attempts_left=models.F("attempts_left") - 1,
        started_at=now,
        lease_until=now + LEASE,
        error_code="",
    )
    if taken:
        return Job.objects.select_related("document").get(pk=job_id)
    if exhausted := wanted.filter(attempts_left=0).first():
        _fail(exhausted, Failure("gave_up", is_temporary=False))
    return None


def _fail(job: Job, failure: Failure) -> None:
    """Give the job back to the queue for later, or end it, and abandon what the attempt had begun."""
    is_lost = _is_lost(job, failure)
    is_over = not is_lost and (not failure.is_temporary or job.attempts_left == 0)
    now = timezone.now()
    with transaction.atomic():
        held = Job.objects.filter(pk=job.pk, attempt=job.attempt).live()
        if not held.select_for_update(no_key=True).exists():
            return  # taken over, cancelled or ended: whoever did it has dealt with the draft
        streaming = Summary.objects.filter(job=job, status=Summary.Status.STREAMING)
        streaming.filter(attempt__lte=job.attempt).update(
            status=Summary.Status.ABANDONED, ended_at=now, abandoned_because=failure.code
        )
        if not is_over:
            delay_s = 0.0 if is_lost else _delay_s(job, failure)
            held.update(
                status=Job.Status.QUEUED,
                attempts_left=models.F("attempts_left") + (1 if is_lost else 0),
                not_before=now + datetime.timedelta(seconds=delay_s),
                lease_until=None,
                error_code=outages.WAITS if is_lost else failure.code,
            )
        elif held.update(
            status=Job.Status.FAILED, finished_at=now, lease_until=None, error_code=failure.code
        ):
            write(
                Entry(
                    AuditType.JOB_FAILED,
                    None,
                    job,
                    job.document.patient_id,
                    {"kind": job.kind, "attempt": job.attempt, "because": failure.code},
                ),
                outcome=AuditEvent.Outcome.FAILED,
            )


def _is_lost(job: Job, failure: Failure) -> bool:
    """Say whether an attempt failed because the engine is down, so that it does not count."""
    if job.kind != Job.Kind.SUMMARIZE or job.engine == engines.EXTRACTIVE:
        return False
    return job.attempt <= outages.GIVEN_BACK_ATTEMPTS and outages.is_lost(failure.code)


def _delay_s(job: Job, failure: Failure) -> float:
    """Choose a pause in seconds, jittered: never shorter than the engine asked for, nor 5 minutes long."""
    step = BACKOFF_S[min(MAX_ATTEMPTS - job.attempts_left, len(BACKOFF_S)) - 1]
    asked = min(failure.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
    return max(asked * random.uniform(1.0, 1.2), step * random.uniform(0.5, 1.5))  # noqa: S311 - no secret


def recover() -> int:
    """Ring for every due job, keeping a bounded number of messages in each lane, and leave a tick.

    Returns:
        How many were rung for.
    """
    Tick.objects.update_or_create(name=TICK, defaults={"at": timezone.now()})
    rung = 0
    for lane in Lane.values:
        try:
            room = RING_AHEAD - dispatch.waiting(lane)
        except redis.RedisError as error:
            logger.warning("the broker does not answer: %s", type(error).__name__)
            continue
        waiting = due().filter(lane=lane).order_by("not_before", "id")
        for job_id in waiting.values_list("pk", flat=True)[: max(0, room)]:
            rung += dispatch.ring(job_id, lane)
    return rung


def seconds_since_tick() -> float | None:
    """Say how long ago `recover` last ran; None if never."""
    tick = Tick.objects.filter(name=TICK).first()
    return (timezone.now() - tick.at).total_seconds() if tick else None


def cancel_all(jobs: models.QuerySet[Job]) -> None:
    """Cancel the live ones of some jobs, in the caller's transaction, with the drafts they had begun."""
    now = timezone.now()
    ids = list(jobs.values_list("pk", flat=True))
    # Jobs first, as every fenced writer locks them: the other order deadlocks, or misses a draft just begun.
    Job.objects.filter(pk__in=ids).live().update(
        status=Job.Status.CANCELLED, finished_at=now, lease_until=None
    )
    Summary.objects.filter(job__in=ids, status=Summary.Status.STREAMING).update(
        status=Summary.Status.ABANDONED, ended_at=now, abandoned_because="cancelled"
    )


def failure_words(code: str, document: Document) -> str:
    """Say to a clinician what a failure code means and what to do."""
    return clinician_words(code, document.format)


def clinician_sentence(job: Job) -> str:
    """Say to a clinician why a job failed and what to do."""
    return clinician_words(job.error_code, job.document.format)


@dataclass(frozen=True)
class JobPage:
    """One job as an operator sees it: no clinical text.

    Attributes:
        problem: why it failed or waits, in plain words, or "".
        tries: the summaries its attempts wrote, newest first.
    """

    job: Job
    problem: str
    tries: list[Summary]


@dataclass(frozen=True)
class JobList:
    """Jobs, newest first; `older` is the next cursor. `counts` gives the number in each status."""

    jobs: list[JobPage]
    older: UUID | None
    counts: dict[str, int]


def _problem(job: Job) -> str:
    return operator_words(job.error_code, job.document.format)


def _rows() -> models.QuerySet[Job]:
    """Select jobs without clinical text; `is_beside` says that one was made as a fallback beside another."""
    waited = Job.objects.filter(
        models.Q(finished_at=None) | models.Q(finished_at__gt=models.OuterRef("created_at")),
        kind=Job.Kind.SUMMARIZE,
        note=models.OuterRef("note"),
        prompt=models.OuterRef("prompt"),
        pk__lt=models.OuterRef("pk"),
    ).exclude(engine=engines.EXTRACTIVE)
    is_beside = models.Q(kind=Job.Kind.SUMMARIZE, engine=engines.EXTRACTIVE) & models.Q(models.Exists(waited))
    rows = Job.objects.select_related("requested_by", "document").defer(*UNREAD)
    return rows.annotate(is_beside=models.Case(models.When(is_beside, then=True), default=False))


def listing(*, by: User, status: str = "", before: UUID | None = None) -> JobList:
    """List jobs for an operator."""
    rows = _rows().order_by("-id")
    if status:
        rows = rows.filter(status=status)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE_ROWS + 1])
    counts = dict(Job.objects.order_by().values_list("status").annotate(n=models.Count("pk")))
    pages = [JobPage(job, _problem(job), []) for job in found[:PAGE_ROWS]]
    older = found[PAGE_ROWS - 1].pk if len(found) > PAGE_ROWS else None
    return JobList(pages, older, {status: counts.get(status, 0) for status in Job.Status.values})


def look(*, by: User, job_id: UUID) -> JobPage:
    """Look at one job."""
    job = _rows().filter(pk=job_id).first()
    if job is None:
        raise Refused(NOT_FOUND)
    tries = job.summaries.select_related("model_version").order_by("-attempt")
    return JobPage(job, _problem(job), list(tries))


def retry(*, by: User, job_id: UUID) -> Job:
    """Queue a failed or cancelled job again.

    Raises:
        Refused: 409, it is not over, or its document was entered in error.
    """
    with audited(AuditType.JOB_RETRIED, by=by) as entry:
        job = _locked(job_id)
        entry.thing, entry.patient_id = job, job.document.patient_id
        if (
            Job.Status.QUEUED not in Job.TRANSITIONS[Job.Status(job.status)]
            or job.status == Job.Status.RUNNING
        ):
            raise Refused(
                Refusal("not_over", "Only a failed or cancelled job can be retried.", 409), thing=job
            )
        if hasattr(job.document, "withdrawal"):
            raise Refused(Refusal("withdrawn", "The document was entered in error.", 409), thing=job)
        job.status, job.attempts_left, job.not_before = Job.Status.QUEUED, MAX_ATTEMPTS, timezone.now()
        job.finished_at, job.error_code = None, ""
        try:
            with transaction.atomic():
                job.save(update_fields=["status", "attempts_left", "not_before", "finished_at", "error_code"])
        except IntegrityError:
            raise Refused(
                Refusal("in_work", "The same work is in the queue already.", 409), thing=job
            ) from None
        dispatch.ring_on_commit(job.pk, job.lane)
    return job


def cancel(*, by: User, job_id: UUID) -> Job:
    """Cancel a job that is not over.

    Raises:
        Refused: 409, it is over.
    """
    with audited(AuditType.JOB_CANCELLED, by=by) as entry:
        job = _locked(job_id)
        entry.thing, entry.patient_id = job, job.document.patient_id
        if Job.Status.CANCELLED not in Job.TRANSITIONS[Job.Status(job.status)]:
            raise Refused(Refusal("is_over", "This job is over already.", 409), thing=job)
        cancel_all(Job.objects.filter(pk=job.pk))
    return job


def _locked(job_id: UUID) -> Job:
    job = (
        Job.objects.select_for_update(of=("self",), no_key=True)
        .select_related("document")
        .filter(pk=job_id)
        .first()
    )
    if job is None:
        raise Refused(NOT_FOUND)
    return job
