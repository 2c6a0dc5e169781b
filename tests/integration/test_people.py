"""Accounts, care teams and memberships, as an operator works on them in the browser."""

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinical.models import AuditEvent, AuditType, CareTeam, Membership, Role, User
from tests.factories import PASSWORD, make_account, make_clinician, make_team, team_of

ONE_TIME = re.compile(r'class="password-once"[^>]*>([a-z]+(?:-[a-z]+){3}-\d{6})<')


@pytest.fixture
def operator(db: None) -> User:
    return make_account(Role.OPERATOR)


@pytest.fixture
def browser(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def last_event(kind: AuditType) -> AuditEvent:
    return AuditEvent.objects.filter(type=kind).order_by("-seq")[0]


def new_account(browser: Client, **fields: Any) -> Any:
    wanted = {"username": "ida", "full_name": "Ida Invented", "role": "clinician", **fields}
    return browser.post(reverse("account_new"), wanted)


def test_a_new_account_shows_its_one_time_password_once_and_nowhere_else(browser: Client) -> None:
    response = new_account(browser)

    page = response.content.decode()
    found = ONE_TIME.search(page)
    assert found
    password = found[1]
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert page.count(password) == 1
    assert password not in browser.get(reverse("accounts")).content.decode()
    assert all(password not in str(session.get_decoded()) for session in Session.objects.all())
    assert password not in str(AuditEvent.objects.values_list("detail", flat=True))
    account = User.objects.get(username="ida")
    assert account.check_password(password)
    assert account.must_change_password
    assert last_event(AuditType.ACCOUNT_CREATED).object_id == account.pk


def test_the_one_time_password_logs_in_and_must_be_changed_before_anything_else(browser: Client) -> None:
    found = ONE_TIME.search(new_account(browser).content.decode())
    assert found
    newcomer = Client()

    newcomer.post(reverse("account_login"), {"login": "IDA", "password": found[1]})

    response = newcomer.get(reverse("worklist"))
    assert response.status_code == 302
    assert response["Location"] == reverse("account_change_password")


@pytest.mark.parametrize(
    ("username", "because"),
    [("IDA", "exists"), ("ida space", "Use letters"), ("System", "audit"), ("", "required")],
)
def test_a_user_name_that_cannot_be_is_refused_beside_its_field(
    browser: Client, username: str, because: str
) -> None:
    make_account(username="ida")

    response = new_account(browser, username=username, full_name="Somebody Else")

    assert response.status_code == 422
    assert because in str(response.context["form"].errors["username"])
    assert "Somebody Else" in response.content.decode(), "what was typed is kept"
    assert not User.objects.filter(full_name="Somebody Else").exists()


def test_the_sessions_of_a_disabled_account_end_at_once(browser: Client) -> None:
    clinician = make_clinician()
    theirs = Client()
    theirs.force_login(clinician)
    assert theirs.get(reverse("worklist")).status_code == 200

    assert browser.get(reverse("account_disable", args=[clinician.pk])).status_code == 200
    browser.post(reverse("account_disable", args=[clinician.pk]))

    response = theirs.get(reverse("worklist"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
    assert str(clinician.pk) not in {s.get_decoded().get("_auth_user_id") for s in Session.objects.all()}


def test_a_disabled_account_cannot_log_in_until_it_is_enabled(browser: Client) -> None:
    clinician = make_clinician()
    credentials = {"login": clinician.username, "password": PASSWORD}
    browser.post(reverse("account_disable", args=[clinician.pk]))
    theirs = Client()

    theirs.post(reverse("account_login"), credentials)
    assert "_auth_user_id" not in theirs.session

    browser.post(reverse("account_enable", args=[clinician.pk]))
    theirs.post(reverse("account_login"), credentials)
    assert theirs.session["_auth_user_id"] == str(clinician.pk)


def test_a_reset_password_ends_sessions_and_voids_the_old_one(browser: Client) -> None:
    clinician = make_clinician()
    theirs = Client()
    theirs.force_login(clinician)

    found = ONE_TIME.search(browser.post(reverse("account_reset", args=[clinician.pk])).content.decode())

    assert found
    clinician.refresh_from_db()
    assert clinician.check_password(found[1])
    assert not clinician.check_password(PASSWORD)
    assert clinician.must_change_password
    assert theirs.get(reverse("worklist")).status_code == 302


@pytest.mark.parametrize("route", ["account_disable", "account_enable", "account_reset"])
def test_nobody_changes_their_own_account(browser: Client, operator: User, route: str) -> None:
    response = browser.post(reverse(route, args=[operator.pk]))

    assert response.status_code == 403
    assert "Another operator must change your account." in response.content.decode()
    before = operator.password
    operator.refresh_from_db()
    assert operator.is_active
    assert operator.password == before
    denial = AuditEvent.objects.order_by("-seq")[0]
    assert (denial.outcome, denial.object_id, denial.detail) == (
        "denied",
        operator.pk,
        {"because": "own_account"},
    )


def test_the_own_row_offers_no_change(browser: Client, operator: User) -> None:
    page = browser.get(reverse("accounts")).content.decode()

    assert "Another operator must change your account." in page
    assert reverse("account_disable", args=[operator.pk]) not in page
    assert browser.get(reverse("account_reset", args=[operator.pk])).status_code == 403


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR])
def test_only_clinicians_become_members_of_a_team(browser: Client, operator: User, role: Role) -> None:
    team = make_team()
    for account in (operator, make_account(role)):
        address = reverse("membership_start", args=[team.pk])
        response = browser.post(address, {"account": account.pk, "may_sign": "on"})
        assert response.status_code == 422
        assert account.username not in browser.get(address).content.decode().split("<main", 1)[1]
    assert not Membership.objects.exists()


def test_a_member_is_added_and_the_right_to_sign_given_and_taken(browser: Client) -> None:
    team, clinician = make_team(), make_account(Role.CLINICIAN)

    browser.post(reverse("membership_start", args=[team.pk]), {"account": clinician.pk})
    membership = Membership.objects.get(user=clinician, team=team)
    assert not membership.may_sign

    address = reverse("membership_signing", args=[membership.pk])
    browser.post(address, {"may_sign": "on"})
    membership.refresh_from_db()
    assert membership.may_sign
    browser.post(address)
    membership.refresh_from_db()
    assert not membership.may_sign
    assert last_event(AuditType.MEMBERSHIP_CHANGED).detail["account"] == clinician.username


def test_an_ended_membership_stays_written_and_can_be_begun_again(browser: Client) -> None:
    clinician = make_clinician()
    team = team_of(clinician)
    first = Membership.objects.get(user=clinician)

    assert browser.get(reverse("membership_end", args=[first.pk])).status_code == 200
    browser.post(reverse("membership_end", args=[first.pk]))
    browser.post(reverse("membership_start", args=[team.pk]), {"account": clinician.pk})

    first.refresh_from_db()
    assert first.ended_at is not None
    assert Membership.objects.current().get(user=clinician).pk != first.pk
    assert browser.post(reverse("membership_end", args=[first.pk])).status_code == 404


def test_a_team_is_made_closed_and_reopened(browser: Client) -> None:
    browser.post(reverse("team_new"), {"name": "Invented Cardiology"})
    team = CareTeam.objects.get(name="Invented Cardiology")

    browser.post(reverse("team_close", args=[team.pk]))
    team.refresh_from_db()
    assert not team.is_active

    browser.post(reverse("team_reopen", args=[team.pk]))
    team.refresh_from_db()
    assert team.is_active


def test_a_team_whose_name_is_taken_is_refused_beside_its_field(browser: Client) -> None:
    make_team("Invented Cardiology")

    response = browser.post(reverse("team_new"), {"name": "invented cardiology"})

    assert response.status_code == 422
    assert "exists" in str(response.context["form"].errors["name"])


@pytest.mark.parametrize("route", ["account_enable", "team_reopen", "membership_signing"])
def test_what_needs_no_question_is_still_never_done_by_a_link(browser: Client, route: str) -> None:
    assert browser.get(reverse(route, args=[make_team().pk])).status_code == 405


@pytest.mark.parametrize("route", ["accounts", "teams"])
def test_a_list_costs_the_same_queries_for_one_row_and_for_twenty(browser: Client, route: str) -> None:
    make_clinician()
    with CaptureQueriesContext(connection) as one:
        browser.get(reverse(route))
    for _ in range(20):
        make_clinician()
    with CaptureQueriesContext(connection) as twenty:
        assert browser.get(reverse(route)).status_code == 200

    assert len(twenty) == len(one)


def test_the_first_operator_is_made_from_the_shell_once(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_operator", "first", full_name="First Operator")

    account = User.objects.get(username="first")
    printed = capsys.readouterr().out
    assert account.role == Role.OPERATOR
    assert account.check_password(re.search(r"[a-z]+(?:-[a-z]+){3}-\d{6}", printed)[0])  # type: ignore[index]
    assert account.must_change_password
    event = last_event(AuditType.ACCOUNT_CREATED)
    assert (event.actor, event.object_id) == ("system", account.pk)
    with pytest.raises(CommandError, match="--another"):
        call_command("create_operator", "second", full_name="Second Operator")
    call_command("create_operator", "second", full_name="Second Operator", another=True)
    assert User.objects.filter(username="second").exists()
