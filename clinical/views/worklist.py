"""What waits for a clinician."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinical.access import access
from clinical.actions import summaries
from clinical.forms.patients import SearchForm
from clinical.views.requests import Request


@access("worklist.read")
@require_GET
def worklist(request: Request) -> HttpResponse:
    """Show drafts to review by risk, what needs help, and what was signed last."""
    shown = summaries.worklist(by=request.user)
    return render(request, "worklist/worklist.html", {"worklist": shown, "search": SearchForm()})
