"""A document's page: watching it become a draft, deciding whose it is, taking it back."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinical.actions import jobs, summaries
from clinical.models import (
    AuditEvent,
    Document,
    IdentityMismatch,
    Job,
    Note,
    Patient,
    Summary,
    User,
    Withdrawal,
)
from tests.factories import (
    make_clinician,
    make_document,
    make_patient,
    make_summary,
    run_jobs,
)

OTHERS_NOTE = (
    "Patient: Walter Nobody\nDOB: 14/02/1933\nMRN: EP-555555\n\nReason for admission:\nFell at home.\n"
)
BROKEN_PDF = b"%PDF-1.4\ntrailer<<>>\n%%EOF"
HTMX = {"HX-Request": "true"}

CONFIRMED = {"confirm-reason": "Maiden name.", "confirm-is_sure": "on"}


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician()


@pytest.fixture
def browser(clinician: User) -> Client:
    client = Client()
    client.force_login(clinician)
    return client


@pytest.fixture
def patient(clinician: User) -> Patient:
    return make_patient(clinician)


def look(browser: Client, document: Document) -> str:
    response = browser.get(reverse("document", args=[document.pk]))
    assert response.status_code == 200
    return response.content.decode()


def poll(browser: Client, document: Document, seen: str = "") -> Any:
    return browser.get(reverse("document_progress", args=[document.pk]), {"seen": seen}, headers=HTMX)


def test_a_waiting_page_polls_and_a_settled_one_does_not(browser: Client, clinician: User) -> None:
    document = make_document(clinician)
    waiting = look(browser, document)
    run_jobs()
    settled = look(browser, document)

    assert 'hx-trigger="every 1s"' in waiting
    assert f'href="{reverse("document", args=[document.pk])}"' in waiting
    assert "hx-trigger" not in settled


def test_a_poll_answers_nothing_while_nothing_changed(browser: Client, clinician: User) -> None:
    document = make_document(clinician)

    assert poll(browser, document, seen="waiting").status_code == 204
    assert "Waiting for a free worker" in poll(browser, document, seen="").content.decode()


def test_a_poll_leads_to_the_draft_as_soon_as_it_has_begun(browser: Client, clinician: User) -> None:
    document = make_document(clinician)
    run_jobs()
    Summary.objects.get()

    response = poll(browser, document, seen="drafting")

    assert response.headers["HX-Redirect"] == reverse("summary", args=[Summary.objects.get().pk])


def test_a_poll_leads_nobody_away_who_is_choosing_another_kind(browser: Client, clinician: User) -> None:
    document = make_document(clinician)
    run_jobs()
    url = reverse("document_progress", args=[document.pk])

    stayed = browser.get(url, {"seen": "held", "redraft": "1", "choosing": "1"}, headers=HTMX)

    assert "HX-Redirect" not in stayed.headers
    assert reverse("summary", args=[Summary.objects.get().pk]) in stayed.content.decode()
    assert "redraft-place" not in stayed.content.decode()


def test_a_new_drafts_poll_is_not_led_to_the_old_draft(browser: Client, clinician: User) -> None:
    summary = make_summary(clinician)
    note = Note.objects.get()
    job = summaries.request(by=clinician, note_id=note.pk)

    waiting = poll(browser, note.document)
    jobs.run(job.pk)
    led = poll(browser, note.document)

    assert "HX-Redirect" not in waiting.headers
    assert reverse("summary", args=[summary.pk]) in waiting.content.decode()
    assert led.headers["HX-Redirect"] == reverse("summary", args=[Summary.objects.get(job=job).pk])


def test_a_draft_that_is_there_before_the_page_is_loaded_is_led_on_to_once(
    browser: Client, clinician: User
) -> None:
    summary = make_summary(clinician)
    note = Note.objects.get()

    asked = browser.post(reverse("summary_request", args=[note.pk]), {"prompt": "one_line"})
    run_jobs()
    led = browser.get(asked.url)

    newest = Summary.objects.exclude(pk=summary.pk).get()
    assert led.url == reverse("summary", args=[newest.pk])
    assert "A draft is ready for review" in look(browser, note.document)  # going back is no trap


def test_a_page_that_is_loaded_before_the_draft_leaves_leading_on_to_its_poll(
    browser: Client, clinician: User
) -> None:
    make_summary(clinician)
    note = Note.objects.get()

    browser.post(reverse("summary_request", args=[note.pk]), {"prompt": "one_line"})
    assert 'hx-trigger="every 1s"' in look(browser, note.document)
    run_jobs()

    assert poll(browser, note.document, seen="waiting").headers["HX-Redirect"]
    look(browser, note.document)


def test_a_draft_of_another_document_is_no_ground_to_lead_on(browser: Client, clinician: User) -> None:
    make_summary(clinician)
    asked_of = Note.objects.get()
    other = make_summary(clinician).sources.get().note

    browser.post(reverse("summary_request", args=[asked_of.pk]), {"prompt": "one_line"})

    look(browser, other.document)


def test_a_poll_without_htmx_leads_to_the_page(browser: Client, clinician: User) -> None:
    document = make_document(clinician)

    response = browser.get(reverse("document_progress", args=[document.pk]))

    assert (response.status_code, response.url) == (302, reverse("document", args=[document.pk]))


def test_polling_is_no_read_but_a_strangers_poll_is_audited(browser: Client, clinician: User) -> None:
    document = make_document(clinician)
    stranger = Client()
    stranger.force_login(make_clinician())

    for _ in range(3):
        poll(browser, document)  # the first look is a read, by whatever address
    assert AuditEvent.objects.filter(type="document_opened").count() == 1
    assert poll(stranger, document).status_code == 404

    assert AuditEvent.objects.filter(type="document_opened").count() == 2
    assert AuditEvent.objects.order_by("-seq")[0].outcome == "denied"


def test_a_job_that_will_be_tried_again_says_so(browser: Client, clinician: User) -> None:
    document = make_document(clinician)
    Job.objects.filter(document=document).update(
        error_code="database", not_before=timezone.now() + datetime.timedelta(hours=1)
    )

    assert "It is tried again by itself." in look(browser, document)


def test_a_document_that_cannot_be_read_says_what_to_do_next(browser: Client, clinician: User) -> None:
    document = make_document(clinician, content=BROKEN_PDF, filename="letter.pdf")
    run_jobs()

    page = look(browser, document)

    assert "The document could not be read" in page
    assert "paste the text" in page
    assert f"{reverse('patient', args=[document.patient_id])}#upload" in page


def test_what_was_found_stands_beside_the_chosen_patient(browser: Client, clinician: User) -> None:
    document = make_document(clinician, text=OTHERS_NOTE)
    run_jobs()

    page = look(browser, document)

    for found in ("Walter Nobody", "14 Feb 1933", "EP-555555", document.patient.name, document.patient.mrn):
        assert found in page
    assert page.count("Differs") == 3
    assert page.count('id="id_reason"') == 1


def test_a_poll_that_finds_a_doubt_takes_the_other_withdrawal_form_away(
    browser: Client, clinician: User
) -> None:
    document = make_document(clinician, text=OTHERS_NOTE)
    assert look(browser, document).count('id="id_reason"') == 1
    run_jobs()

    fragment = poll(browser, document, seen="waiting").content.decode()

    assert fragment.count('id="id_reason"') == 1
    assert '<div id="withdraw" hx-swap-oob="true"></div>' in fragment


def test_confirming_the_patient_lets_the_draft_be_made(browser: Client, clinician: User) -> None:
    document = make_document(clinician, text=OTHERS_NOTE)
    run_jobs()

    response = browser.post(reverse("document_confirm", args=[document.pk]), CONFIRMED)
    run_jobs()

    assert response.url == reverse("document", args=[document.pk])
    assert IdentityMismatch.objects.get().decided_by == clinician
    assert Summary.objects.get().status == Summary.Status.READY


def test_a_second_confirmation_is_refused(browser: Client, clinician: User) -> None:
    document = make_document(clinician, text=OTHERS_NOTE)
    run_jobs()
    browser.post(reverse("document_confirm", args=[document.pk]), CONFIRMED)

    response = browser.post(reverse("document_confirm", args=[document.pk]), CONFIRMED)

    assert response.status_code == 409
    assert "This was decided already." in response.content.decode()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"reason": " ", "is_sure": "on"}, "Say why this was entered in error."),
        ({"reason": "Wrong file."}, "Tick this to confirm."),
    ],
)
def test_a_withdrawal_needs_a_reason_and_a_confirmation(
    browser: Client, clinician: User, sent: dict[str, str], sentence: str
) -> None:
    document = make_document(clinician)

    response = browser.post(reverse("document_withdraw", args=[document.pk]), sent)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert sent["reason"].strip() in response.content.decode()
    assert not Withdrawal.objects.exists()


def test_a_withdrawn_document_says_who_and_why_and_offers_nothing(browser: Client, clinician: User) -> None:
    summary = make_summary(clinician)
    document = Note.objects.get().document

    response = browser.post(
        reverse("document_withdraw", args=[document.pk]),
        {"reason": "Filed under the wrong person.", "is_sure": "on"},
        follow=True,
    )

    page = response.content.decode()
    assert "Filed under the wrong person." in page
    assert clinician.full_name in page
    assert reverse("summary", args=[summary.pk]) not in page
    assert reverse("summary_request", args=[Note.objects.get().pk]) not in page
    assert reverse("document_withdraw", args=[document.pk]) not in page


def test_a_ready_document_leads_to_its_draft_and_offers_a_new_one(browser: Client, clinician: User) -> None:
    summary = make_summary(clinician)
    note = Note.objects.get()

    page = look(browser, note.document)

    assert reverse("summary", args=[summary.pk]) in page
    assert reverse("summary_request", args=[note.pk]) in page
    assert "It is not signed." in page


@pytest.mark.parametrize("name", ["document_upload", "document_confirm", "document_withdraw"])
def test_changes_are_made_by_post_only(browser: Client, clinician: User, name: str) -> None:
    document = make_document(clinician)
    pk = document.patient_id if name == "document_upload" else document.pk

    assert browser.get(reverse(name, args=[pk])).status_code == 405


def test_the_documents_page_costs_the_same_queries_at_1_and_20_drafts(
    browser: Client, clinician: User
) -> None:
    make_summary(clinician)
    note = Note.objects.get()
    look(browser, note.document)
    with CaptureQueriesContext(connection) as one:
        look(browser, note.document)
    for _ in range(19):
        summaries.request(by=clinician, note_id=note.pk)
        run_jobs()
    with CaptureQueriesContext(connection) as twenty:
        look(browser, note.document)

    assert Summary.objects.filter(status=Summary.Status.READY).count() == 20
    assert len(twenty) == len(one)
