"""The frame of every page: who sees which way, what a failure looks like, logging in and out."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse

from clinical.models import Role, User
from clinical.views.site import failed
from tests.factories import PASSWORD, make_account, make_clinician, make_patient

WAYS = {
    Role.CLINICIAN: {"worklist", "patients"},
    Role.OPERATOR: {"jobs", "accounts", "teams"},
    Role.AUDITOR: {"audit"},
}


def signed_in(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


@pytest.mark.parametrize("role", Role.values)
def test_each_role_finds_its_own_ways_and_no_others(db: None, role: str) -> None:
    page = signed_in(make_account(role)).get(reverse("account_change_password")).content.decode()

    every = set().union(*WAYS.values())
    assert {name for name in every if f'href="{reverse(name)}"' in page} == WAYS[Role(role)]


@pytest.mark.parametrize(
    ("role", "home"), [("clinician", "worklist"), ("operator", "jobs"), ("auditor", "audit")]
)
def test_logging_in_leads_to_where_the_work_waits(db: None, role: str, home: str) -> None:
    account = make_account(role)
    client = Client()

    response = client.post(
        reverse("account_login"), {"login": account.username, "password": PASSWORD}, follow=True
    )

    assert response.redirect_chain[-1][0] == reverse(home)


def test_a_wrong_password_is_told_without_saying_which_part_was_wrong(db: None) -> None:
    account = make_account()

    known = Client().post(reverse("account_login"), {"login": account.username, "password": "not it at all"})
    unknown = Client().post(reverse("account_login"), {"login": "nobody", "password": "not it at all"})

    sentences = [response.context["form"].non_field_errors() for response in (known, unknown)]
    assert sentences[0]
    assert sentences[0] == sentences[1]


def test_the_log_in_offers_no_sign_up_and_no_reset(db: None) -> None:
    page = Client().get(reverse("account_login")).content.decode()

    assert "For staff only. Access is recorded." in page
    assert reverse("account_signup") not in page
    assert reverse("account_reset_password") not in page


def test_a_given_password_must_be_changed_first(db: None) -> None:
    client = signed_in(make_clinician(must_change_password=True))

    response = client.get(reverse("worklist"), follow=True)

    assert response.redirect_chain[-1][0] == reverse("account_change_password")
    assert "Choose your own password" in response.content.decode()


def test_logging_out_is_asked_for_and_done_by_post(db: None) -> None:
    client = signed_in(make_clinician())

    assert "Log out?" in client.get(reverse("account_logout")).content.decode()
    assert client.get(reverse("worklist")).status_code == 200
    client.post(reverse("account_logout"))

    assert client.get(reverse("worklist")).status_code == 302


def test_an_address_with_nothing_there_says_so_to_anyone(db: None) -> None:
    for client in (Client(), signed_in(make_clinician())):
        response = client.get("/nothing/here/")
        assert response.status_code == 404
        assert "There is nothing at this address" in response.content.decode()


def test_a_failure_renders_without_the_requests_context() -> None:
    request = RequestFactory().get("/")

    response = failed(request)

    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()


def test_too_many_files_at_once_are_refused_in_our_own_words(db: None, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    clinician = make_clinician()
    patient = make_patient(clinician)
    files = [SimpleUploadedFile(f"{n}.txt", b"Plan: rest.") for n in range(3)]

    response = signed_in(clinician).post(reverse("document_upload", args=[patient.pk]), {"documents": files})

    assert response.status_code == 400
    assert "at most 50 files at once" in response.content.decode()


def test_no_page_may_load_or_run_anything_from_elsewhere(db: None) -> None:
    response = Client().get(reverse("account_login"))

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_a_demonstration_says_so_on_every_page(db: None, settings: Any) -> None:
    settings.EPITOME_IS_DEMO = False
    assert "invented patients" not in Client().get(reverse("account_login")).content.decode()

    settings.EPITOME_IS_DEMO = True
    assert "Demonstration: invented patients." in Client().get(reverse("account_login")).content.decode()
