"""Drafts of one note: two of them side by side, and word of a newer one to a page that is open."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from clinical.access import access
from clinical.actions import comparisons, drafts
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
    """Answer a poll: nothing while a newer draft is awaited, then that it is there, or that none came."""
    news = drafts.news(by=request.user, summary_id=pk)
    if not request.htmx:
        return redirect("summary", pk)
    if news.is_awaited and news.newer is None:
        return HttpResponse(status=204)
    return render(request, "summaries/_newer.html", {"summary": news.summary, "newer": news.newer})
