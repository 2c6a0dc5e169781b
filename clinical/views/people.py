"""Accounts, care teams and memberships: plain forms for operators, each change by POST.

Closing, ending and resetting ask first, on a page of their own; what undoes them is one press away.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinical.access import Refused, access, may_change_account
from clinical.actions import accounts as actions
from clinical.actions import prompts
from clinical.forms.people import AccountForm, MembershipForm, SigningForm, TeamForm, TeamPromptForm
from clinical.models import CareTeam, Membership, User
from clinical.views.requests import Request

ASKS_FIRST = require_http_methods(["GET", "POST"])


@access("account.read")
@require_GET
def accounts(request: Request) -> HttpResponse:
    """List the accounts with their teams."""
    return render(request, "people/accounts.html", {"accounts": actions.accounts(by=request.user)})


@access("account.change")
@ASKS_FIRST
@sensitive_variables("made")
def new_account(request: Request) -> HttpResponse:
    """Make an account; its one-time password is on the answer to this very request and nowhere else."""
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create(by=request.user, **form.cleaned_data)
        except Refused as refused:
            _explain(form, "username", refused)
        else:
            return render(request, "people/new_password.html", {"made": made, "is_new": True})
    return render(request, "people/account_new.html", {"form": form}, status=422 if form.errors else 200)


@access("account.change")
@ASKS_FIRST
def disable(request: Request, pk: UUID) -> HttpResponse:
    """Ask whether, then disable an account."""
    if request.method == "POST":
        actions.disable(by=request.user, account_id=pk)
        messages.success(
            request, "The account is disabled, its sessions have ended. You can enable it again."
        )
        return redirect("accounts")
    return render(request, "people/account_disable.html", {"account": _account(request, pk)})


@access("account.change")
@require_POST
def enable(request: Request, pk: UUID) -> HttpResponse:
    """Enable a disabled account."""
    actions.enable(by=request.user, account_id=pk)
    messages.success(request, "The account is enabled. Its password is the one it had.")
    return redirect("accounts")


@access("account.change")
@ASKS_FIRST
@sensitive_variables("made")
def reset_password(request: Request, pk: UUID) -> HttpResponse:
    """Ask whether, then give an account a new one-time password, shown on this answer only."""
    if request.method == "POST":
        made = actions.reset_password(by=request.user, account_id=pk)
        return render(request, "people/new_password.html", {"made": made, "is_new": False})
    return render(request, "people/account_reset.html", {"account": _account(request, pk)})


@access("team.read")
@require_GET
def teams(request: Request) -> HttpResponse:
    """List the care teams with their members."""
    return render(request, "people/teams.html", {"teams": actions.teams(), "kinds": prompts.current()})


@access("team.change")
@ASKS_FIRST
def new_team(request: Request) -> HttpResponse:
    """Make a care team."""
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.create_team(by=request.user, name=form.cleaned_data["name"])
        except Refused as refused:
            _explain(form, "name", refused)
        else:
            messages.success(request, "The care team is made. Add its members now.")
            return redirect("teams")
    return render(request, "people/team_new.html", {"form": form}, status=422 if form.errors else 200)


@access("team.change")
@ASKS_FIRST
def close_team(request: Request, pk: UUID) -> HttpResponse:
    """Ask whether, then close a care team."""
    if request.method == "POST":
        actions.set_team_active(by=request.user, team_id=pk, is_active=False)
        messages.success(request, "The care team is closed. You can reopen it; its members stay listed.")
        return redirect("teams")
    return render(request, "people/team_close.html", {"team": get_object_or_404(CareTeam, pk=pk)})


@access("team.change")
@require_POST
def reopen_team(request: Request, pk: UUID) -> HttpResponse:
    """Reopen a closed care team."""
    actions.set_team_active(by=request.user, team_id=pk, is_active=True)
    messages.success(request, "The care team is open again, with the members it had.")
    return redirect("teams")


@access("team.change")
@ASKS_FIRST
def team_prompt(request: Request, pk: UUID) -> HttpResponse:
    """Show the kinds of summary; set the one a care team has made."""
    team = get_object_or_404(CareTeam, pk=pk)
    form = TeamPromptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.set_team_prompt(by=request.user, team_id=pk, prompt=form.cleaned_data["prompt"])
        messages.success(request, "New notes of this team's patients get that kind of summary from now on.")
        return redirect("teams")
    context = {"form": form, "team": team, "kinds": prompts.current()}
    return render(request, "people/team_prompt.html", context, status=422 if form.errors else 200)


@access("team.change")
@ASKS_FIRST
def start_membership(request: Request, pk: UUID) -> HttpResponse:
    """Add a clinician to a care team."""
    team = get_object_or_404(CareTeam, pk=pk)
    form = MembershipForm(request.POST or None, team=team)
    if request.method == "POST" and form.is_valid():
        account, may_sign = form.cleaned_data["account"], form.cleaned_data["may_sign"]
        try:
            actions.start_membership(by=request.user, team_id=pk, account_id=account.pk, may_sign=may_sign)
        except Refused as refused:
            _explain(form, "account", refused)
        else:
            messages.success(request, "The clinician is a member of the team.")
            return redirect("teams")
    context = {"form": form, "team": team}
    return render(request, "people/membership_new.html", context, status=422 if form.errors else 200)


@access("team.change")
@require_POST
def set_may_sign(request: Request, pk: UUID) -> HttpResponse:
    """Give or take the right to sign."""
    form = SigningForm(request.POST)
    may_sign = form.is_valid() and form.cleaned_data["may_sign"]
    actions.set_may_sign(by=request.user, membership_id=pk, may_sign=may_sign)
    messages.success(request, "This member may sign now." if may_sign else "This member may no longer sign.")
    return redirect("teams")


@access("team.change")
@ASKS_FIRST
def end_membership(request: Request, pk: UUID) -> HttpResponse:
    """Ask whether, then end a membership."""
    if request.method == "POST":
        actions.end_membership(by=request.user, membership_id=pk)
        messages.success(request, "The membership has ended. You can add the clinician again.")
        return redirect("teams")
    current = Membership.objects.filter(ended_at=None).select_related("user", "team")
    return render(request, "people/membership_end.html", {"membership": get_object_or_404(current, pk=pk)})


def _account(request: Request, pk: UUID) -> User:
    account = get_object_or_404(User, pk=pk)
    if refusal := may_change_account(request.user, account):
        raise Refused(refusal)
    return account


def _explain(form: Any, field: str, refused: Refused) -> None:
    """Put a refusal beside the field it is about, keeping what was typed; other refusals stay refusals."""
    if refused.refusal.status not in {409, 422}:
        raise refused
    form.add_error(field, refused.refusal.sentence)
