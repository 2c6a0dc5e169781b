"""Accounts, care teams and memberships: an operator's work. Nobody changes their own account."""

import datetime
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from clinical.access import NOT_FOUND, Refusal, Refused, may_change_account, may_join
from clinical.actions import prompts
from clinical.actions.audit import Entry, audited, write
from clinical.models import AuditEvent, AuditType, CareTeam, Membership, User

WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "island",
    "juniper",
    "kestrel",
    "lagoon",
    "maple",
    "nectar",
    "olive",
    "pebble",
]

LOCK_OUT = datetime.timedelta(minutes=5)


def logged_in(*, by: User) -> None:
    """Audit a log-in."""
    with audited(AuditType.USER_LOGGED_IN, by=by, thing=by):
        pass


def logged_out(*, by: User) -> None:
    """Audit a log-out."""
    with audited(AuditType.USER_LOGGED_OUT, by=by, thing=by):
        pass


def login_failed(*, username: str) -> None:
    """Audit a failed log-in. A name that is no account's is not written down: it may be a password."""
    account = User.objects.filter(username__iexact=username).first()
    with transaction.atomic(durable=True):
        write(
            Entry(AuditType.LOGIN_FAILED, None, account, detail={"is_known_account": account is not None}),
            outcome=AuditEvent.Outcome.FAILED,
        )


def locked_out(*, username: str) -> None:
    """Audit a log-in that was refused after too many failures; one row in five minutes, or it would flood."""
    account = User.objects.filter(username__iexact=username).first()
    recent = AuditEvent.objects.filter(
        type=AuditType.LOGIN_FAILED,
        outcome=AuditEvent.Outcome.DENIED,
        object_id=account.pk if account else None,
        recorded_at__gt=timezone.now() - LOCK_OUT,
    )
    with transaction.atomic(durable=True):
        if not recent.exists():
            detail = {"is_known_account": account is not None, "because": "locked_out"}
            write(
                Entry(AuditType.LOGIN_FAILED, None, account, detail=detail),
                outcome=AuditEvent.Outcome.DENIED,
            )


def password_changed(*, by: User) -> None:
    """Audit a changed password and lift the demand for a change."""
    with audited(AuditType.PASSWORD_CHANGED, by=by, thing=by):
        User.objects.filter(pk=by.pk).update(must_change_password=False)
    by.must_change_password = False


def accounts(*, by: User) -> models.QuerySet[User]:
    """List the accounts."""
    return User.objects.order_by("full_name", "id").prefetch_related(
        models.Prefetch(
            "memberships", queryset=Membership.objects.current().select_related("team").order_by("team__name")
        )
    )


@dataclass(frozen=True)
class NewPassword:
    """A password shown once to the operator; its owner must change it at the next log-in."""

    account: User
    password: str


def _password() -> str:
    return "-".join([*(secrets.choice(WORDS) for _ in range(4)), f"{secrets.randbelow(10**6):06d}"])


def create(*, by: User | None, username: str, full_name: str, role: str) -> NewPassword:
    """Make an account with a password that must be changed.

    Args:
        by: an operator; None only from the shell of the server.

    Raises:
        Refused: 422, the name is taken.
    """
    password = _password()
    with audited(AuditType.ACCOUNT_CREATED, by=by, role=role) as entry:
        if User.objects.filter(username__iexact=username).exists():
            raise Refused(Refusal("name_taken", "An account with this user name exists.", 422))
        account = User(username=username, full_name=full_name, role=role, must_change_password=True)
        account.set_password(password)
        account.save(force_insert=True)
        entry.thing = account
    return NewPassword(account, password)


def _account(pk: UUID, *, by: User) -> User:
    account = User.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if account is None:
        raise Refused(NOT_FOUND)
    if refusal := may_change_account(by, account):
        raise Refused(refusal, thing=account)
    return account


def disable(*, by: User, account_id: UUID) -> User:
    """Close an account; its sessions end at once."""
    with audited(AuditType.ACCOUNT_DISABLED, by=by) as entry:
        account = _account(account_id, by=by)
        account.is_active = False
        account.save(update_fields=["is_active"])
        _end_sessions(account)
        entry.thing = account
    return account


def enable(*, by: User, account_id: UUID) -> User:
    """Open a disabled account again."""
    with audited(AuditType.ACCOUNT_ENABLED, by=by) as entry:
        account = _account(account_id, by=by)
        account.is_active = True
        account.save(update_fields=["is_active"])
        entry.thing = account
    return account


def reset_password(*, by: User, account_id: UUID) -> NewPassword:
    """Give an account a new password that must be changed; its sessions end at once."""
    password = _password()
    with audited(AuditType.PASSWORD_RESET, by=by) as entry:
        account = _account(account_id, by=by)
        account.set_password(password)
        account.must_change_password = True
        account.password_reset_at = timezone.now()
        account.save(update_fields=["password", "must_change_password", "password_reset_at"])
        _end_sessions(account)
        entry.thing = account
    return NewPassword(account, password)


def _end_sessions(account: User) -> None:
    open_sessions = Session.objects.filter(expire_date__gt=timezone.now())
    keys = [
        s.session_key
        for s in open_sessions.iterator()
        if s.get_decoded().get("_auth_user_id") == str(account.pk)
    ]
    Session.objects.filter(session_key__in=keys).delete()


def teams() -> models.QuerySet[CareTeam]:
    """List the care teams with their current members."""
    return CareTeam.objects.order_by("name").prefetch_related(
        models.Prefetch(
            "memberships",
            queryset=Membership.objects.filter(ended_at=None)
            .select_related("user")
            .order_by("user__full_name"),
        )
    )


def create_team(*, by: User, name: str) -> CareTeam:
    """Make a care team.

    Raises:
        Refused: 422, the name is taken.
    """
    with audited(AuditType.TEAM_CREATED, by=by) as entry:
        if CareTeam.objects.filter(name__iexact=name).exists():
            raise Refused(Refusal("name_taken", "A care team with this name exists.", 422))
        entry.thing = team = CareTeam.objects.create(name=name)
    return team


def set_team_active(*, by: User, team_id: UUID, is_active: bool) -> CareTeam:
    """Close a care team, or reopen it. While it is closed its members see none of its patients through it."""
    kind = AuditType.TEAM_OPENED if is_active else AuditType.TEAM_CLOSED
    with audited(kind, by=by) as entry:
        entry.thing = team = _one(CareTeam, team_id)
        team.is_active = is_active
        team.save(update_fields=["is_active"])
    return team


def set_team_prompt(*, by: User, team_id: UUID, prompt: str) -> CareTeam:
    """Set the kind of summary that is made for a care team's patients where nobody chose one.

    Raises:
        Refused: 422, there is no such kind.
    """
    with audited(AuditType.TEAM_CHANGED, by=by) as entry:
        entry.thing = team = _one(CareTeam, team_id)
        entry.detail.update(prompt=prompts.demand(prompt), instead_of=team.prompt)
        team.prompt = prompt
        team.save(update_fields=["prompt"])
    return team


def start_membership(*, by: User, team_id: UUID, account_id: UUID, may_sign: bool) -> Membership:
    """Make a clinician a member of a care team.

    Raises:
        Refused: own account, not a clinician, or a member already.
    """
    with audited(AuditType.MEMBERSHIP_STARTED, by=by, may_sign=may_sign) as entry:
        account = _account(account_id, by=by)
        team = _one(CareTeam, team_id)
        if refusal := may_join(account):
            raise Refused(refusal, thing=account)
        try:
            with transaction.atomic():
                membership = Membership.objects.create(user=account, team=team, may_sign=may_sign)
        except IntegrityError:
            raise Refused(Refusal("is_member", "This person is a member of the team already.", 409)) from None
        entry.thing = membership
        entry.detail.update(account=account.username, team=str(team.pk))
    return membership


def set_may_sign(*, by: User, membership_id: UUID, may_sign: bool) -> Membership:
    """Give or take the right to sign for a team's patients."""
    with audited(AuditType.MEMBERSHIP_CHANGED, by=by, may_sign=may_sign) as entry:
        membership = _membership(membership_id, by=by)
        membership.may_sign = may_sign
        membership.save(update_fields=["may_sign"])
        entry.thing = membership
        entry.detail.update(account=membership.user.username, team=str(membership.team_id))
    return membership


def end_membership(*, by: User, membership_id: UUID) -> Membership:
    """End a membership; the row stays."""
    with audited(AuditType.MEMBERSHIP_ENDED, by=by) as entry:
        membership = _membership(membership_id, by=by)
        membership.ended_at = timezone.now()
        membership.save(update_fields=["ended_at"])
        entry.thing = membership
        entry.detail.update(account=membership.user.username, team=str(membership.team_id))
    return membership


def _membership(pk: UUID, *, by: User) -> Membership:
    membership = _one(Membership, pk)
    if membership.ended_at is not None:
        raise Refused(NOT_FOUND)
    _account(membership.user_id, by=by)
    return membership


def _one(model: Any, pk: UUID) -> Any:
    thing = model.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if thing is None:
        raise Refused(NOT_FOUND)
    return thing
