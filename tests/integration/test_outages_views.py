"""What each reader is told while the engine is down: since when, how many wait, and what becomes of it."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinical.actions import jobs, outages
from clinical.models import AuditEvent, EngineHealth, Job, Role, Summary, User
from tests.drafts import begin_draft
from tests.factories import make_account, make_clinician, make_document, make_note, run_jobs
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
    assert "First in the queue when the engine is back." in " ".join(changed.content.decode().split())


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


def test_the_page_of_a_draft_that_is_being_made_says_that_the_engine_stopped_and_that_it_is_back(
    down: Path,
) -> None:
    clinician = make_clinician()
    down.unlink()
    draft = begin_draft(make_note(clinician), clinician)
    down.write_text("unreachable")
    browser = signed_in(clinician)
    assert 'class="spinner"' in text(browser, "summary", draft.pk)
    url = reverse("summary_progress", args=[draft.pk])
    events = AuditEvent.objects.filter(type="summary_opened").count()

    def poll(**query: str) -> str:
        with CaptureQueriesContext(connection) as made:
            content = browser.get(url, {"after": "0", **query}, headers={"HX-Request": "true"}).content
        assert sum("enginehealth" in one["sql"].lower() for one in made) == 1
        return " ".join(content.decode().split())

    assert "stream-state" not in poll()
    outages.probe()
    words = f"The engine has not answered since {timezone.localtime(health().since):%H:%M}."
    told = poll()
    assert words in told
    assert "This draft is incomplete; it goes on or is made anew by itself." in told
    assert "spinner" not in told
    assert "&amp;down=1" in told
    assert "stream-state" not in poll(down="1")
    page = text(browser, "summary", draft.pk)
    assert words in page
    assert 'class="spinner"' not in page

    down.unlink()
    outages.probe()
    back = poll(down="1")
    assert "Still reading" in back
    assert "has not answered" not in back
    assert "down=1" not in back
    assert AuditEvent.objects.filter(type="summary_opened").count() == events + 1  # the second opening


def test_an_extracted_draft_says_why_it_is_there_until_the_engine_is_back(down: Path, settings: Any) -> None:
    settings.EPITOME_EXTRACTIVE_FALLBACK = True
    clinician = make_clinician()
    make_document(clinician)
    run_jobs()
    outages.probe()
    run_jobs()
    browser, extracted = signed_in(clinician), Summary.objects.get(status="ready")
    words = (
        f"has not answered since {timezone.localtime(health().since):%H:%M}. </strong> These are sentences of"
        " the note, chosen by rules; a generated draft will be offered here when the engine is back."
    )
    url = reverse("summary_newer", args=[extracted.pk])

    page = text(browser, "summary", extracted.pk)
    assert words in page
    assert f'hx-get="{url}?down=1"' in page
    assert browser.get(f"{url}?down=1", headers={"HX-Request": "true"}).status_code == 204

    down.unlink()
    outages.probe()
    changed = " ".join(browser.get(f"{url}?down=1", headers={"HX-Request": "true"}).content.decode().split())
    assert "A new draft of this note was asked for." in changed
    run_jobs()
    offered = text(browser, "summary_newer", extracted.pk, **{"HX-Request": "true"})
    assert "The engine is back: a generated draft is ready beside this extracted one." in offered
    assert 'id="newer-link" hx-swap-oob="true"' in offered


def test_nothing_turns_on_the_page_of_a_document_that_waits_for_the_engine(down: Path, settings: Any) -> None:
    clinician = make_clinician()
    document = make_document(clinician)
    run_jobs()
    outages.probe()
    browser = signed_in(clinician)

    page = text(browser, "document", document.pk)
    assert "First in the queue when the engine is back." in page
    assert 'class="spinner"' not in page
    assert "own sentences comes first" not in page
    settings.EPITOME_EXTRACTIVE_FALLBACK = True
    assert "A draft of the note's own sentences comes first." in text(browser, "document", document.pk)


def test_nothing_turns_while_the_engine_is_down_in_the_middle_of_a_draft(down: Path) -> None:
    clinician = make_clinician()
    document = make_document(clinician)
    run_jobs()
    browser = signed_in(clinician)
    Job.objects.filter(pk=drafting(document).pk).update(
        status=Job.Status.RUNNING, lease_until=timezone.now() + datetime.timedelta(hours=1)
    )

    page = text(browser, "document", document.pk)

    assert "The draft is incomplete; it goes on or is made anew by itself." in page
    assert 'class="spinner"' not in page


def test_the_operator_reads_what_to_do_and_which_job_is_the_fallback(down: Path, settings: Any) -> None:
    settings.EPITOME_EXTRACTIVE_FALLBACK = True
    document = make_document(make_clinician())
    run_jobs()
    outages.probe()
    run_jobs()
    operator = signed_in(make_account(Role.OPERATOR))

    for page in (text(operator, "jobs"), text(operator, "job", drafting(document).pk)):
        assert "Look at the engine's service and its log. There is nothing to retry here" in page
        assert "docs/how-to/operate.md" in page
    assert text(operator, "jobs").count("extractive, beside the waiting one") == 1
    given_back = text(operator, "job", drafting(document).pk)
    assert "1 begun, 1 not counted (given back in an outage, or before a retry), 5 left" in given_back
