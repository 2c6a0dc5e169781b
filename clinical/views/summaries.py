"""A summary beside its source: asking for one, watching it come, reading, copying, printing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from clinical.access import Refused, access
from clinical.actions import checker, drafts, jobs, outages, summaries
from clinical.actions.review_pages import ReviewPage
from clinical.models import Summary
from clinical.views.plain_text import plain_text
from clinical.views.requests import AWAITED, Request
from clinical.views.review_context import Card, Held, context, part_of
from clinical.views.source_context import source, symptoms


@access("summary.request")
@require_POST
def request_summary(request: Request, pk: UUID) -> HttpResponse:
    """Ask for a new draft of a note, and show its document, where the work is watched."""
    job = summaries.request(by=request.user, note_id=pk, prompt=request.POST.get("prompt", ""))
    request.session[AWAITED] = str(job.document_id)
    messages.success(request, "A new draft was asked for.")
    return redirect("document", pk=job.document_id)


@access("summary.read")
@require_GET
def summary(request: Request, pk: UUID) -> HttpResponse:
    """Open a summary; htmx asks for its current state and names the form that is to stay as typed."""
    page = summaries.open_summary(by=request.user, summary_id=pk)
    if not request.htmx:
        return render_summary(request, page)
    if not page.is_open:
        return HttpResponseClientRefresh()
    held = Held(form=request.GET.get("keep", ""))
    return render(request, "summaries/_current.html", context(page, held))


def render_summary(
    request: Request, page: ReviewPage, held: Held | None = None, status: int = 200
) -> HttpResponse:
    """Render the whole page of a summary."""
    failure = ""
    if page.summary.status == Summary.Status.ABANDONED:
        failure = jobs.failure_words(page.summary.abandoned_because, page.document)
    given = {**context(page, held), "failure": failure, "checker": checker.about()}
    given |= {"source": source(page), "symptoms": symptoms(page)}
    if not page.withdrawals:
        given["drafts"] = drafts.listing(page.note, shown=page.summary)
    return render(request, "summaries/summary.html", given, status=status)


@access("summary.read")
@require_GET
def progress(request: Request, pk: UUID) -> HttpResponse:
    """Return the claims that came after a cursor; once the draft is over, how it ended.

    `down` says that the page shows the engine as down: its notice is replaced only when that has changed.
    """
    cursor = request.GET.get("after", "")
    after = int(cursor) if cursor.isdecimal() and len(cursor) < 6 else 0
    found = summaries.progress(by=request.user, summary_id=pk, after=after)
    is_streaming = found.summary.status == Summary.Status.STREAMING
    needs_engine = is_streaming and found.summary.model_version.is_generative
    outage = outages.current() if needs_engine else None
    given: dict[str, Any] = {
        "outage": outage,
        "is_turned": ("down" in request.GET) != (outage is not None),
        "summary": found.summary,
        "cards": [Card(claim, ()) for claim in found.claims],
        "after": found.after,
        "part": part_of(found.summary),
    }
    if found.summary.status == Summary.Status.READY:
        given |= {"claim_count": found.claim_count, "critical_count": found.critical_count}
        given["left_out_count"] = found.summary.left_out_count
    elif found.summary.status == Summary.Status.ABANDONED:
        given["failure"] = jobs.failure_words(found.summary.abandoned_because, found.summary.job.document)
        given["document"] = found.summary.job.document
    return render(request, "summaries/_progress.html", given)


@access("summary.export")
@require_POST
def copy_text(request: Request, pk: UUID) -> HttpResponse:
    """Give a summary as plain text: bare to the script that copies it, in a page otherwise."""
    page = summaries.copy_text(by=request.user, summary_id=pk)
    text = plain_text(page, by=request.user, at=timezone.localtime())
    if request.headers.get("Accept") == "text/plain":
        return HttpResponse(text, content_type="text/plain; charset=utf-8")
    return render(request, "summaries/copy.html", {**context(page), "text": text})


@access("summary.export")
@require_GET
def print_page(request: Request, pk: UUID) -> HttpResponse:
    """Show a summary as it goes on paper."""
    page = summaries.print_summary(by=request.user, summary_id=pk)
    return render(request, "summaries/print.html", {**context(page), "printed_at": timezone.localtime()})


def reopen(request: Request, pk: UUID, held: Held, refused: Refused) -> HttpResponse:
    """Show the summary as it stands now, with the refused form and what was typed into it."""
    page = summaries.open_summary(by=request.user, summary_id=pk)
    return render_summary(request, page, held, refused.refusal.status)
