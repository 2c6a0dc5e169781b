"""The checker's word lists: what they are, every word of each, and who answers for it here."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from clinical.access import access, may_approve_lexicons
from clinical.actions import lexicons as actions
from clinical.views.requests import Request


@access("lexicon.read")
@require_GET
def lexicons(request: Request) -> HttpResponse:
    """List the word lists that the checker reads."""
    listed = actions.listing()
    given = {"lexicons": listed, "unapproved": sum(not lexicon.approved_by for lexicon in listed)}
    return render(request, "lexicons/lexicons.html", given)


@access("lexicon.read")
@require_GET
def lexicon(request: Request, digest: str) -> HttpResponse:
    """Show a whole word list."""
    given = {"lexicon": actions.look(digest), "may_approve": may_approve_lexicons(request.user) is None}
    return render(request, "lexicons/lexicon.html", given)


@access("lexicon.approve")
@require_POST
def approve(request: Request, digest: str) -> HttpResponse:
    """Answer for this very version of a word list."""
    lexicon = actions.approve(by=request.user, digest=digest)
    messages.success(request, f"You approved “{lexicon.title}”, version {lexicon.short_digest}.")
    return redirect("lexicon", digest=digest)


@access("lexicon.approve")
@require_POST
def withdraw(request: Request, digest: str) -> HttpResponse:
    """Answer no longer for a version that one has approved."""
    lexicon = actions.withdraw(by=request.user, digest=digest)
    messages.success(request, f"You answer no longer for “{lexicon.title}”, version {lexicon.short_digest}.")
    return redirect("lexicon", digest=digest)
