"""Every address of the site against every kind of visitor. A route that is not in the table fails."""

import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from clinical.checks import routes
from clinical.models import AuditEvent, Role
from tests.factories import make_account, make_clinician

CLINICIAN, AUDITOR, OPERATOR = Role.CLINICIAN.value, Role.AUDITOR.value, Role.OPERATOR.value
EVERYONE = (CLINICIAN, AUDITOR, OPERATOR)

TABLE: dict[str, tuple[tuple[str, ...], str, int]] = {
    "home": (EVERYONE, "GET", 302),
    "worklist": ((CLINICIAN,), "GET", 200),
    "patients": ((CLINICIAN,), "GET", 200),
    "patient_new": ((CLINICIAN,), "GET", 200),
    "patient": ((CLINICIAN,), "GET", 404),
    "patient_share": ((CLINICIAN,), "POST", 404),
    "document_upload": ((CLINICIAN,), "POST", 404),
    "document": ((CLINICIAN,), "GET", 404),
    "document_progress": ((CLINICIAN,), "GET", 404),
    "document_confirm": ((CLINICIAN,), "POST", 404),
    "document_withdraw": ((CLINICIAN,), "POST", 404),
    "summary_request": ((CLINICIAN,), "POST", 404),
    "summary": ((CLINICIAN,), "GET", 404),
    "summary_progress": ((CLINICIAN,), "GET", 404),
    "summary_newer": ((CLINICIAN,), "GET", 404),
    "summary_compare": ((CLINICIAN,), "GET", 404),
    "summary_text": ((CLINICIAN,), "POST", 404),
    "summary_print": ((CLINICIAN,), "GET", 404),
    "review_decide": ((CLINICIAN,), "POST", 404),
    "review_add": ((CLINICIAN,), "POST", 404),
    "review_fact": ((CLINICIAN,), "POST", 404),
    "review_close_others": ((CLINICIAN,), "POST", 404),
    "review_undo": ((CLINICIAN,), "POST", 404),
    "review_sign": ((CLINICIAN,), "POST", 404),
    "review_addendum": ((CLINICIAN,), "POST", 404),
    "jobs": ((OPERATOR,), "GET", 200),
    "job": ((OPERATOR,), "GET", 404),
    "job_retry": ((OPERATOR,), "POST", 404),
    "job_cancel": ((OPERATOR,), "POST", 404),
    "accounts": ((OPERATOR,), "GET", 200),
    "account_new": ((OPERATOR,), "GET", 200),
    "account_disable": ((OPERATOR,), "POST", 404),
    "account_enable": ((OPERATOR,), "POST", 404),
    "account_reset": ((OPERATOR,), "POST", 404),
    "teams": ((OPERATOR,), "GET", 200),
    "team_new": ((OPERATOR,), "GET", 200),
    "team_close": ((OPERATOR,), "POST", 404),
    "team_reopen": ((OPERATOR,), "POST", 404),
    "team_prompt": ((OPERATOR,), "POST", 404),
    "membership_start": ((OPERATOR,), "POST", 404),
    "membership_signing": ((OPERATOR,), "POST", 404),
    "membership_end": ((OPERATOR,), "POST", 404),
    "prompts": (EVERYONE, "GET", 200),
    "prompt": (EVERYONE, "GET", 404),
    "lexicons": (EVERYONE, "GET", 200),
    "lexicon": (EVERYONE, "GET", 404),
    "lexicon_approve": ((CLINICIAN,), "POST", 404),
    "lexicon_withdraw": ((CLINICIAN,), "POST", 404),
    "audit": ((AUDITOR,), "GET", 200),
    "audit_export": ((AUDITOR,), "POST", 200),
    "audit_verify": ((AUDITOR,), "POST", 200),
    "account_logout": (EVERYONE, "GET", 200),
    "account_change_password": (EVERYONE, "GET", 200),
    "account_reauthenticate": (EVERYONE, "GET", 200),
}
"""Route -> who may use it, a method it takes, and its status for them where nothing has the id asked for."""

OPEN = {"health": (200, 200), "account_login": (200, 302), "account_inactive": (200, 200)}
"""Route -> its status for a visitor and for someone who has logged in."""

CLOSED = {
    "account_signup",
    "account_set_password",
    "account_email",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
}
"""Routes of allauth that nobody has: accounts are an operator's work, and there is no mail."""

KEYS: dict[str, dict[str, Any]] = {
    "prompt": {"digest": "0" * 64},
    "lexicon": {"digest": "0" * 64},
    "lexicon_approve": {"digest": "0" * 64},
    "lexicon_withdraw": {"digest": "0" * 64},
    "account_confirm_email": {"key": "a-key"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "a-key"},
}

ROUTES = {str(route.name): route for route in routes()}


def address_of(route: URLPattern) -> str:
    """Its address; whatever takes an id gets one that nothing has."""
    ids = {name: uuid.uuid4() for name in ("pk", "other") if f"<uuid:{name}>" in str(route.pattern)}
    return reverse(str(route.name), kwargs=ids or KEYS.get(str(route.name)))


def is_sent_to_log_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response["Location"].startswith(reverse("account_login"))


def visitor(role: str) -> Client:
    """A browser in which someone of that role has logged in."""
    client = Client()
    client.force_login(make_clinician() if role == CLINICIAN else make_account(role))
    return client


def test_every_route_stands_in_the_table_once() -> None:
    assert len(ROUTES) == len(list(routes())), "two routes share a name, or one has none"
    assert set(ROUTES) == set(TABLE) | set(OPEN) | CLOSED
    assert len(TABLE) + len(OPEN) + len(CLOSED) == len(ROUTES)


@pytest.mark.parametrize("role", EVERYONE)
def test_each_route_answers_its_roles_and_refuses_the_others(db: None, role: str) -> None:
    browser = visitor(role)
    found, wanted = {}, {}
    for name, (roles, method, status) in TABLE.items():
        wanted[name] = status if role in roles else 403
        found[name] = browser.generic(method, address_of(ROUTES[name])).status_code

    assert found == wanted
    denials = AuditEvent.objects.filter(type="route_denied", outcome="denied").order_by("seq")
    assert [denial.detail for denial in denials] == [
        {"route": name, "because": "wrong_role"} for name, (roles, _, _) in TABLE.items() if role not in roles
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_visitor_is_sent_to_the_log_in_from_every_other_route(db: None, method: str) -> None:
    for name in set(TABLE) - {"account_logout"}:
        assert is_sent_to_log_in(Client().generic(method, address_of(ROUTES[name]))), name
    assert Client().generic(method, reverse("account_logout")).status_code in {302, 403}


@pytest.mark.parametrize("role", ["", *EVERYONE])
def test_a_closed_route_is_not_there_for_anybody(db: None, role: str) -> None:
    browser = visitor(role) if role else Client()

    for name in CLOSED:
        for method in ("GET", "POST"):
            response = browser.generic(method, address_of(ROUTES[name]))
            assert response.status_code == 404 or (not role and is_sent_to_log_in(response)), name


@pytest.mark.parametrize("name", OPEN)
def test_an_open_route_answers_everybody(db: None, name: str) -> None:
    visitors, members = OPEN[name]

    assert Client().get(address_of(ROUTES[name])).status_code == visitors
    for role in EVERYONE:
        assert visitor(role).get(address_of(ROUTES[name])).status_code == members
