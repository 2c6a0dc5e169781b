"""How allauth meets our accounts: no sign-up, and every log-in, failure and log-out in the audit."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest

from clinical.actions import accounts


class SiteAccounts(DefaultAccountAdapter):
    """Accounts are made by an operator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Close sign-up."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; one that is locked out is denied and audited once a lock-out."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            accounts.locked_out(username=str(credentials.get("username") or ""))
            raise

    def clean_password(self, password: str, user: Any = None) -> str:
        """Refuse the password the account has: an operator may know it."""
        if user is not None and user.has_usable_password() and user.check_password(password):
            raise ValidationError("Choose another password than the one you have.", code="same_password")
        return str(super().clean_password(password, user=user))


@receiver(user_logged_in)
def audit_log_in(sender: Any, user: Any, **_: Any) -> None:
    """Write a log-in."""
    accounts.logged_in(by=user)


@receiver(user_logged_out)
def audit_log_out(sender: Any, user: Any, **_: Any) -> None:
    """Write a log-out."""
    if user:
        accounts.logged_out(by=user)


@receiver(user_login_failed)
def audit_failure(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    """Write a failed log-in, naming an account only if there is one: people type passwords there."""
    accounts.login_failed(username=str(credentials.get("username") or ""))


@receiver(password_changed)
def note_change(sender: Any, user: Any, **_: Any) -> None:
    """Write a change of password and lift the demand for one."""
    accounts.password_changed(by=user)
