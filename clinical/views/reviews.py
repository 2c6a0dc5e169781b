"""Deciding on claims and facts, signing, addenda: each by a plain POST, or by htmx in fragments."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from clinical.access import Refusal, Refused, access
from clinical.actions import facts, reviews, saves, summaries
from clinical.actions.review_pages import ReviewPage
from clinical.forms.reviews import (
    AddendumForm,
    AdditionForm,
    ClosingForm,
    DecisionForm,
    FactForm,
    SignatureForm,
    UndoForm,
    first_error,
)
from clinical.models import Decision
from clinical.views.requests import Request
from clinical.views.review_context import Held, card, context
from clinical.views.summaries import reopen

ADD_FORM = "add-form"
ADDENDUM_FORM = "addendum-form"


@access("summary.decide")
@require_POST
def decide(request: Request, pk: UUID) -> HttpResponse:
    """Accept, edit or reject a claim."""
    form = DecisionForm(request.POST)
    try:
        page = reviews.decide(by=request.user, summary_id=pk, **_cleaned(form))
    except Refused as refused:
        kind = "edit" if request.POST.get("verb") == "edit" else "act"
        return _kept(request, pk, f"{kind}-{form.cleaned_data.get('target')}", refused)
    return _claim(request, page, form.cleaned_data["target"])


@access("summary.decide")
@require_POST
def undo(request: Request, pk: UUID) -> HttpResponse:
    """Take back what was decided on a claim or a fact."""
    form = UndoForm(request.POST)
    try:
        cleaned = _cleaned(form)
        fact = cleaned.pop("fact")
        page = reviews.undo(by=request.user, summary_id=pk, **cleaned)
    except Refused as refused:
        at = form.cleaned_data.get("fact") or form.cleaned_data.get("target")
        return _kept(request, pk, f"undo-{at}", refused)
    target = form.cleaned_data["target"]
    if fact is None:
        return _claim(request, page, target)
    return _ledger(request, page, f"f-{fact}", removed=None if target == fact else target)


@access("summary.decide")
@require_POST
def fact(request: Request, pk: UUID) -> HttpResponse:
    """Add a fact that the draft leaves out, or say that it is not needed."""
    form = FactForm(request.POST)
    try:
        cleaned = _cleaned(form)
        act = facts.add if cleaned.pop("verb") == Decision.Verb.ADD else facts.leave_out
        page = act(by=request.user, summary_id=pk, **cleaned)
    except Refused as refused:
        kind = "add" if request.POST.get("verb") == Decision.Verb.ADD else "out"
        return _kept(request, pk, f"{kind}-{form.cleaned_data.get('fact')}", refused)
    found = page.ledger.get(cleaned["fact"])
    added = found.added_as if found and act is facts.add else None
    return _ledger(request, page, f"f-{cleaned['fact']}", added=added)


@access("summary.decide")
@require_POST
def close_others(request: Request, pk: UUID) -> HttpResponse:
    """Close the left-out facts that are not critical."""
    form = ClosingForm(request.POST)
    try:
        page = facts.close_others(by=request.user, summary_id=pk, **_cleaned(form))
    except Refused as refused:
        return _kept(request, pk, "close-others", refused)
    return _ledger(request, page, "ledger-others")


@access("summary.decide")
@require_POST
def add(request: Request, pk: UUID) -> HttpResponse:
    """Add a claim the draft left out."""
    form = AdditionForm(request.POST)
    try:
        page = reviews.add(by=request.user, summary_id=pk, **_cleaned(form))
    except Refused as refused:
        return _kept(request, pk, ADD_FORM, refused)
    claim = page.claims[-1]
    if not request.htmx:
        return redirect(f"{reverse('summary', args=[pk])}#c-{claim.target}")
    return render(request, "summaries/_added.html", {**context(page), "card": card(page, claim)})


@access("summary.sign")
@require_http_methods(["GET", "POST"])
def sign(request: Request, pk: UUID) -> HttpResponse:
    """Show what signing would mean; sign by POST."""
    refusal, status = None, 200
    if request.method == "POST":
        try:
            reviews.sign(by=request.user, summary_id=pk, **_cleaned(SignatureForm(request.POST)))
        except Refused as refused:
            _pass_on(refused)
            refusal, status = refused.refusal, refused.refusal.status
        else:
            messages.success(request, "Signed.")
            return redirect("summary", pk=pk)
    page = summaries.open_summary(by=request.user, summary_id=pk)
    if request.method == "GET" and not request.htmx and request.GET.get("version") != str(page.version):
        refusal, status = saves.CHANGED, 409  # what is signed is what was read
    template = "summaries/_sign.html" if request.htmx else "summaries/sign.html"
    warnings = [claim for claim in page.undecided if claim.rank == 1]
    given = {**context(page), "refusal": refusal, "open_warnings": warnings}
    return render(request, template, given, status=status)


@access("summary.sign")
@require_POST
def addendum(request: Request, pk: UUID) -> HttpResponse:
    """Correct or complete a signed summary."""
    try:
        reviews.add_addendum(by=request.user, summary_id=pk, **_cleaned(AddendumForm(request.POST)))
    except Refused as refused:
        return _kept(request, pk, ADDENDUM_FORM, refused)
    messages.success(request, "Addendum added.")
    return redirect(f"{reverse('summary', args=[pk])}#addenda")


def _cleaned(form: forms.Form) -> dict[str, Any]:
    """Read a form.

    Raises:
        Refused: 422 with the first thing that is wrong with it.
    """
    if not form.is_valid():
        raise Refused(Refusal("bad_form", first_error(form), 422))
    return form.cleaned_data


def _pass_on(refused: Refused) -> None:
    """Leave to the middleware what no form can mend."""
    if refused.refusal.status not in {409, 422}:
        raise refused


def _kept(request: Request, pk: UUID, form: str, refused: Refused) -> HttpResponse:
    """Answer a refused save and lose nothing typed: a message into the page, or the page with the form."""
    _pass_on(refused)
    held = Held(form, request.POST.dict(), refused.refusal)
    if not request.htmx:
        return reopen(request, pk, held, refused)
    asks_reason = refused.refusal.code == "needs_reason" and "reason" not in request.POST
    given = {"held": held, "pk": pk, "refusal": refused.refusal, "asks_reason": asks_reason}
    answer = render(request, "summaries/_not_saved.html", given, status=refused.refusal.status)
    # What a person can mend is said inside the form; what changed on the page, beside it.
    slot = f"{form}-message" if refused.refusal.status == 422 else f"notice-{form.partition('-')[2]}"
    return retarget(reswap(answer, "innerHTML"), f"#{slot}")


def _ledger(
    request: Request,
    page: ReviewPage,
    place: str,
    *,
    added: UUID | None = None,
    removed: UUID | None = None,
) -> HttpResponse:
    """Return the facts as they stand now, the claim that was added for one or taken away, and the counts."""
    if not request.htmx:
        return redirect(f"{reverse('summary', args=[page.summary.pk])}#{place}")
    claim = next((claim for claim in page.claims if claim.target == added), None)
    given = {**context(page), "card": card(page, claim) if claim else None, "removed": removed}
    return render(request, "summaries/_fact_decided.html", given)


def _claim(request: Request, page: ReviewPage, target: UUID) -> HttpResponse:
    """Return the claim as it stands now, and the counts; an added claim may be gone."""
    if not request.htmx:
        return redirect(f"{reverse('summary', args=[page.summary.pk])}#c-{target}")
    claim = next((claim for claim in page.claims if claim.target == target), None)
    found = card(page, claim) if claim else None
    return render(request, "summaries/_decided.html", {**context(page), "card": found, "target": target})
