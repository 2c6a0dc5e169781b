"""Kinds of summary, and every word a model is asked for each: nothing about any patient stands here."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinical.access import access
from clinical.actions import prompts as actions
from clinical.views.requests import Request


@access("prompt.read")
@require_GET
def prompts(request: Request) -> HttpResponse:
    """List the kinds of summary, and the earlier versions that drafts were made with."""
    given = {"current": actions.current(), "earlier": actions.earlier()}
    return render(request, "prompts/prompts.html", given)


@access("prompt.read")
@require_GET
def prompt(request: Request, digest: str) -> HttpResponse:
    """Show the whole text of a prompt."""
    return render(request, "prompts/prompt.html", {"prompt": actions.look(digest)})
