"""Drafts of one note: two of them side by side, and word of a newer one to a page that is open."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from clinical.access import access
from clinical.actions import comparisons, drafts, outages
from clinical.views.requests import Request


@access("summary.read")
@require_GET
def compare(request: Request, pk: UUID, other: UUID) -> HttpResponse:
    """Lay two drafts of one note side by side."""
    found = comparisons.compare(by=request.user, summary_id=pk, other_id=other)
    return render(request, "summaries/compare.html", {"comparison": found, "page": found.newer})


@access("summary.read")
@require_GET
def newer(request: Request, pk: UUID) -> HttpResponse:
    """Answer a poll: nothing while a newer draft is awaited, then that it is there, or that none came.

    `down` says that the page explains an extracted draft by the engine's being down; a change is news too.
    """
    news = drafts.news(by=request.user, summary_id=pk)
    if not request.htmx:
        return redirect("summary", pk)
    is_awaited = news.is_awaited and news.newer is None
    is_fallback = is_awaited and not news.summary.model_version.is_generative
    outage = outages.current() if is_fallback else None
    if is_awaited and ("down" in request.GET) == (outage is not None):
        return HttpResponse(status=204)
    given = {"summary": news.summary, "newer": news.newer, "is_awaited": is_awaited, "outage": outage}
    return render(request, "summaries/_newer.html", given)
