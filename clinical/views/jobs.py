"""Jobs as an operator sees them: states, times and reasons, never a name, an MRN or a line of a note."""

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from clinical.access import access
from clinical.actions import jobs as actions
from clinical.actions import operations, outages
from clinical.actions.failures import operator_words
from clinical.actions.jobs import JobPage
from clinical.forms.jobs import JobListForm
from clinical.models import Job, Summary
from clinical.models.jobs import MAX_ATTEMPTS
from clinical.views.requests import Request


@dataclass(frozen=True)
class JobRow:
    """A job with its times in words.

    Attributes:
        attempts: how many were begun, how many of them do not count, and how many are left.
        waited: from its creation to the start of its last attempt, or until now.
        ran: how long its last attempt took or has taken; "" before the first.
        next_try: when a job that waits for its next attempt may begin it.
        is_held: it waits because the engine is down.
        may_cancel, may_retry: what the state machine allows next.
    """

    job: Job
    problem: str
    attempts: str
    waited: str
    ran: str
    next_try: datetime.datetime | None
    is_held: bool
    may_cancel: bool
    may_retry: bool


@dataclass(frozen=True)
class Try:
    """One attempt at a summary: what it ran on, how long it took, what came of it."""

    summary: Summary
    reason: str
    first_claim: str
    took: str


@access("job.read")
@require_GET
def jobs(request: Request) -> HttpResponse:
    """List jobs, newest first; the first page renews itself while jobs are live or the engine is down."""
    asked = JobListForm(request.GET)
    page = actions.listing(by=request.user, status=asked.status_wanted, before=asked.cursor)
    now = timezone.now()
    site = operations.look()
    is_down = site.health is not None and not site.health.is_up
    is_changing = is_down or bool(page.counts[Job.Status.QUEUED] or page.counts[Job.Status.RUNNING])
    context = {
        "asked": asked,
        "rows": [_row(job, now) for job in page.jobs],
        "older": page.older,
        "tabs": [("", "All", sum(page.counts.values()))]
        + [(status.value, status.label, page.counts[status]) for status in Job.Status],
        "is_first": asked.cursor is None,
        "is_renewed": is_changing and asked.cursor is None and not asked.is_paused,
        "site": site,
        "now": now,
    }
    return render(request, "jobs/_jobs.html" if request.htmx else "jobs/jobs.html", context)


@access("job.read")
@require_GET
def job(request: Request, pk: UUID) -> HttpResponse:
    """Show one job: its timeline, its attempts and why it failed."""
    page = actions.look(by=request.user, job_id=pk)
    tries = [
        Try(
            summary,
            operator_words(summary.abandoned_because),
            duration(summary.started_at, summary.first_claim_at),
            duration(summary.started_at, summary.ended_at),
        )
        for summary in page.tries
    ]
    context = {"row": _row(page, timezone.now()), "tries": tries, "timeline": timeline(page)}
    return render(request, "jobs/job.html", context)


@access("job.change")
@require_http_methods(["GET", "POST"])
def retry(request: Request, pk: UUID) -> HttpResponse:
    """Ask whether, then queue a failed or cancelled job again."""
    if request.method == "POST":
        actions.retry(by=request.user, job_id=pk)
        messages.success(request, "The job is in the queue again.")
        return redirect("job", pk=pk)
    page = actions.look(by=request.user, job_id=pk)
    return render(request, "jobs/retry.html", {"row": _row(page, timezone.now())})


@access("job.change")
@require_http_methods(["GET", "POST"])
def cancel(request: Request, pk: UUID) -> HttpResponse:
    """Ask whether, then cancel a job that is not over."""
    if request.method == "POST":
        actions.cancel(by=request.user, job_id=pk)
        messages.success(request, "The job is cancelled. You can retry it from here.")
        return redirect("job", pk=pk)
    page = actions.look(by=request.user, job_id=pk)
    return render(request, "jobs/cancel.html", {"row": _row(page, timezone.now())})


def _row(page: JobPage, now: datetime.datetime) -> JobRow:
    job = page.job
    is_live = job.status in {Job.Status.QUEUED, Job.Status.RUNNING}
    started = None if job.status == Job.Status.QUEUED else job.started_at
    return JobRow(
        job=job,
        problem=page.problem,
        attempts=attempts(job),
        waited=duration(job.created_at, started or job.finished_at or now),
        ran=duration(started, job.finished_at or (now if is_live else None)),
        next_try=job.not_before if job.status == Job.Status.QUEUED and job.not_before > now else None,
        is_held=is_held(job),
        may_cancel=is_live,
        may_retry=job.status in {Job.Status.FAILED, Job.Status.CANCELLED},
    )


def attempts(job: Job) -> str:
    """Count a job's attempts; one that an outage took, or that came before a retry, does not count."""
    uncounted = job.attempt - (MAX_ATTEMPTS - job.attempts_left)
    if uncounted <= 0:
        return f"{job.attempt}, {job.attempts_left} left"
    why = "given back in an outage, or before a retry"
    return f"{job.attempt} begun, {uncounted} not counted ({why}), {job.attempts_left} left"


def is_held(job: Job) -> bool:
    """Say whether a job waits because the engine is down."""
    return job.status == Job.Status.QUEUED and job.error_code == outages.WAITS


def timeline(page: JobPage) -> list[tuple[datetime.datetime, str]]:
    """List what is known to have happened to a job, oldest first; what is planned comes last."""
    job = page.job
    asked_by = f" for {job.requested_by.username}" if job.requested_by else ""
    moments = [(job.created_at, f"Queued{asked_by}")]
    for summary in page.tries:
        moments.append((summary.started_at, f"Attempt {summary.attempt} began"))
        if summary.first_claim_at:
            moments.append((summary.first_claim_at, f"Attempt {summary.attempt} stored its first claim"))
        if summary.ended_at:
            ended = summary.get_status_display().lower()
            moments.append((summary.ended_at, f"Attempt {summary.attempt}: {ended}"))
    has_own_entry = any(summary.attempt == job.attempt for summary in page.tries)
    if job.started_at and not has_own_entry:
        moments.append((job.started_at, f"Attempt {job.attempt} began"))
    if job.finished_at:
        moments.append((job.finished_at, job.get_status_display()))
    moments.sort(key=lambda moment: moment[0])
    if is_held(job):
        moments.append((job.not_before, "Waits until the engine answers"))
    elif job.status == Job.Status.QUEUED and job.attempt:
        moments.append((job.not_before, f"Attempt {job.attempt + 1} may begin"))
    return moments


def duration(start: datetime.datetime | None, end: datetime.datetime | None) -> str:
    """Say how long something took, to two figures or so; "" while an end of it is not known."""
    if start is None or end is None:
        return ""
    seconds = max(0.0, (end - start).total_seconds())
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"
