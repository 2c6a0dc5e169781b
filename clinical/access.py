"""Who may do what. Nothing else decides access.

A route names a permission, and a permission the roles that have it. Which things a clinician may reach is the
model's `visible_to`; what stands in the way of an act on a visible thing is a function `may_<verb>` here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from clinical.models import Membership, Note, Role, Summary, User

View = TypeVar("View", bound=Callable[..., Any])

ANYONE = frozenset({"anyone"})
NOBODY: frozenset[str] = frozenset()
SIGNED_IN = frozenset(Role.values)
CLINICIANS = frozenset({Role.CLINICIAN.value})
AUDITORS = frozenset({Role.AUDITOR.value})
OPERATORS = frozenset({Role.OPERATOR.value})

PERMISSIONS: dict[str, frozenset[str]] = {
    "anyone": ANYONE,
    "nobody": NOBODY,
    "signed_in": SIGNED_IN,
    "worklist.read": CLINICIANS,
    "patient.search": CLINICIANS,
    "patient.create": CLINICIANS,
    "patient.read": CLINICIANS,
    "document.upload": CLINICIANS,
    "document.read": CLINICIANS,
    "document.confirm": CLINICIANS,
    "document.withdraw": CLINICIANS,
    "summary.request": CLINICIANS,
    "summary.read": CLINICIANS,
    "summary.decide": CLINICIANS,
    "summary.sign": CLINICIANS,
    "summary.export": CLINICIANS,
    "prompt.read": SIGNED_IN,
    "lexicon.read": SIGNED_IN,
    "lexicon.approve": CLINICIANS,
    "job.read": OPERATORS,
    "job.change": OPERATORS,
    "account.read": OPERATORS,
    "account.change": OPERATORS,
    "team.read": OPERATORS,
    "team.change": OPERATORS,
    "audit.read": AUDITORS,
    "audit.export": AUDITORS,
}

ROUTES_OF_OTHERS: dict[str, str] = {
    "account_login": "anyone",
    "account_logout": "signed_in",
    "account_change_password": "signed_in",
    "account_reauthenticate": "signed_in",
    "account_inactive": "anyone",
    "account_signup": "nobody",
    "account_set_password": "nobody",
    "account_email": "nobody",
    "account_email_verification_sent": "nobody",
    "account_confirm_email": "nobody",
    "account_reset_password": "nobody",
    "account_reset_password_done": "nobody",
    "account_reset_password_from_key": "nobody",
    "account_reset_password_from_key_done": "nobody",
    "account_confirm_login_code": "nobody",
    "account_request_login_code": "nobody",
    "account_login_by_code": "nobody",
    "account_reauthenticate_by_code": "nobody",
}
"""Routes whose views are allauth's. MFA's and the identity provider's routes will stand here too."""


@dataclass(frozen=True)
class Refusal:
    """Why something may not be done.

    Attributes:
        code: short name, for the audit.
        sentence: what to tell the person, and what to do about it; no clinical text in it.
        status: the HTTP status it becomes: 403, 404, 409 or 422.
        items: what stands in the way, one by one, as opaque references or sentences for the person only.
    """

    code: str
    sentence: str
    status: int = 403
    items: tuple[Any, ...] = ()


class Refused(Exception):
    """An action was refused. The database is as it was; a denial is in the audit."""

    def __init__(self, refusal: Refusal, *, thing: Any = None) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.thing = thing


NOT_FOUND = Refusal("not_found", "There is nothing here, or it is not your care team's.", 404)


def access(permission: str) -> Callable[[View], View]:
    """Declare what a view needs; the middleware enforces it, a system check demands it.

    Args:
        permission: a key of `PERMISSIONS`.
    """
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def declare(view: View) -> View:
        view.access = permission  # type: ignore[attr-defined]
        if permission == "anyone":
            view.login_required = False  # type: ignore[attr-defined]
        return view

    return declare


def permission_of(view: Any, route_name: str | None) -> str | None:
    """Find the permission a route declares, or None."""
    return getattr(view, "access", None) or ROUTES_OF_OTHERS.get(route_name or "")


def may_use(user: Any, permission: str) -> Refusal | None:
    """Say whether a person's role has a permission."""
    roles = PERMISSIONS[permission]
    if "anyone" in roles:
        return None
    if not roles:
        return NOT_FOUND
    if user.is_authenticated and user.is_active and user.role in roles:
        return None
    return Refusal("wrong_role", "Your account has another role; this page is not for it.")


def may_sign(user: User, summary: Summary) -> Refusal | None:
    """Say whether a clinician may sign for the summary's patient: a membership with the right to sign."""
    signing = Membership.objects.current().filter(user=user, may_sign=True)
    if signing.filter(team__patients=summary.patient_id).exists():
        return None
    return Refusal(
        "may_not_sign",
        "You can review but not sign for this care team. Ask a colleague who signs, or your operator.",
    )


def may_approve_lexicons(user: User) -> Refusal | None:
    """Say whether a clinician may answer for a word list: somebody who signs for a care team of the site."""
    if Membership.objects.current().filter(user=user, may_sign=True).exists():
        return None
    return Refusal("may_not_sign", "Only clinicians who may sign can approve a word list.")


def may_use_note(note: Note) -> Refusal | None:
    """Say whether work may go on from a note."""
    if hasattr(note.document, "withdrawal"):
        return Refusal("withdrawn", "This note was entered in error; nothing may be made from it.", 409)
    mismatch = getattr(note.document, "mismatch", None)
    if mismatch and mismatch.outcome != mismatch.Outcome.CONFIRMED:
        return Refusal(
            "unconfirmed_patient", "Confirm first that this document is about the chosen patient.", 409
        )
    return None


def may_change_account(user: User, account: User) -> Refusal | None:
    """Say whether an operator may change an account: not their own, so nobody grants themselves anything."""
    if user.pk == account.pk:
        return Refusal("own_account", "Another operator must change your account.")
    return None


def may_join(account: User) -> Refusal | None:
    """Say whether an account may become a member of a care team: only clinicians read clinical text."""
    if account.is_clinician:
        return None
    return Refusal("not_a_clinician", "Only clinicians can be members of a care team.", 422)
