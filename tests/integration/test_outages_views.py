"""What each reader is told while the engine is down: since when, how many wait, and what becomes of it."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinical.actions import jobs, outages
from clinical.models import EngineHealth, Job, Role, Summary, User
from tests.factories import make_account, make_clinician, make_document, run_jobs
from tests.integration.test_outages import drafting, health

pytestmark = pytest.mark.django_db


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(client: Client, name: str, *args: object, **headers: str) -> str:
    content = client.get(reverse(name, args=args), headers=headers).content.decode()
    return " ".join(content.split())


def test_the_clinicians_pages_say_since_when_and_that_drafts_wait(down: Path) -> None:
    clinician = make_clinician()
    document = make_document(clinician)
    run_jobs()
    outages.probe()
    browser = signed_in(clinician)
    since = timezone.localtime(health().since)
    words = f"The engine has not answered since {since:%H:%M}. Drafts wait and are made by themselves"

    for name, args in [("worklist", ()), ("document", (document.pk,))]:
        page = text(browser, name, *args)
        assert words in page, name
        assert "1 note waits." in page
    fragment = text(browser, "document_progress", document.pk, **{"HX-Request": "true"})
    assert words in fragment
    assert "<html" not in fragment

    down.unlink()
    outages.probe()
    assert "has not answered" not in text(browser, "worklist")
    assert "has not answered" not in text(browser, "document", document.pk)


def test_a_waiting_clinician_sees_how_many_come_first_and_each_change_of_it(down: Path) -> None:
    clinician = make_clinician()
    first, second = (make_document(clinician, text=f"Invented.\nCough for {n} days.") for n in (1, 2))
    run_jobs()
    outages.probe()
    browser = signed_in(clinician)

    page = browser.get(reverse("document", args=[second.pk]))
    assert "1 note is before yours" in " ".join(page.content.decode().split())
    poll = page.content.decode().split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert browser.get(poll, headers={"HX-Request": "true"}).status_code == 204

    jobs.cancel(by=make_account(Role.OPERATOR), job_id=drafting(first).pk)
    changed = browser.get(poll, headers={"HX-Request": "true"})
    assert changed.status_code == 200
    assert "Yours is the next." in " ".join(changed.content.decode().split())


def test_the_extracted_draft_can_be_opened_while_the_other_waits(down: Path, settings: Any) -> None:
    settings.EPITOME_EXTRACTIVE_FALLBACK = True
    clinician = make_clinician()
    document = make_document(clinician)
    run_jobs()
    outages.probe()
    run_jobs()

    page = text(signed_in(clinician), "document", document.pk)
    assert reverse("summary", args=[Summary.objects.get(status="ready").pk]) in page
    assert "Open the extracted draft" in page
    assert "has not answered" in page


def test_a_draft_that_fails_after_the_outage_is_not_hidden_by_the_extracted_one(
    down: Path, settings: Any
) -> None:
    settings.EPITOME_EXTRACTIVE_FALLBACK = True
    clinician = make_clinician()
    document = make_document(clinician)
    run_jobs()
    outages.probe()
    run_jobs()
    page = text(signed_in(clinician), "worklist")
    assert "waits for the engine" in page

    down.write_text("too_long")
    EngineHealth.objects.update(is_up=True)
    run_jobs()

    assert drafting(document).status == Job.Status.FAILED
    assert "1 could not be done" in text(signed_in(clinician), "worklist")
    page = text(signed_in(clinician), "document", document.pk)
    assert "too long for the engine" in page


def test_the_operators_page_says_what_is_known_of_the_engine(down: Path) -> None:
    make_document(make_clinician())
    run_jobs()
    outages.probe()
    EngineHealth.objects.update(
        capabilities={"priority": "No priorities.", "tokenizer": True, "drain": False},
        heard_at=timezone.now() - datetime.timedelta(minutes=3),
    )

    page = text(signed_in(make_account(Role.OPERATOR)), "jobs")

    for words in (
        "down since",
        "No connection to the engine",
        "Last probe",
        "Last heard",
        "No priorities.",
        "1 waiting",
    ):
        assert words in page, words


def test_the_page_of_a_job_that_waits_does_not_call_it_failed(down: Path) -> None:
    document = make_document(make_clinician())
    run_jobs()

    page = text(signed_in(make_account(Role.OPERATOR)), "job", drafting(document).pk)

    assert "It waits for the engine" in page
    assert "Waits until the engine answers" in page
    assert "The last attempt failed" not in page


def test_the_operators_page_says_why_an_engine_that_runs_counts_as_down(down: Path) -> None:
    down.write_text("unauthorised")
    outages.probe()

    assert "refused the key" in text(signed_in(make_account(Role.OPERATOR)), "jobs")


def test_the_operators_page_says_that_the_engine_is_up(down: Path) -> None:
    down.unlink()
    outages.probe()

    assert "up since" in text(signed_in(make_account(Role.OPERATOR)), "jobs")


def test_the_page_for_the_load_balancer_does_not_depend_on_the_engine(down: Path) -> None:
    outages.probe()

    assert Client().get(reverse("health")).content == b"ok\n"
