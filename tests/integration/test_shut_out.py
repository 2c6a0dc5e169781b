"""Who and what is shut out: lock-outs, a known password, hidden drafts, polls that may no longer look."""

import datetime

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinical.actions import documents, patients, summaries
from clinical.actions.audit import AuditFilter
from clinical.models import AuditEvent, Job, Role, Summary
from tests.factories import PASSWORD, make_account, make_clinician, make_patient, make_summary


@pytest.fixture(autouse=True)
def no_earlier_attempts(db: None) -> None:
    """Forget log-ins that other tests have counted."""
    cache.clear()


def log_in(browser: Client, username: str, password: str) -> int:
    return browser.post(reverse("account_login"), {"login": username, "password": password}).status_code


def test_a_lock_out_is_one_denial_in_the_audit_and_the_right_password_waits_too(db: None) -> None:
    account = make_account(Role.AUDITOR)
    browser = Client()
    for _ in range(8):
        log_in(browser, account.username, "wrong")

    assert log_in(browser, account.username, PASSWORD) == 200
    events = AuditEvent.objects.filter(type="login_failed", object_id=account.pk)
    denied = events.filter(outcome="denied")
    assert [event.detail["because"] for event in denied] == ["locked_out"]
    assert events.filter(outcome="failed").exists()
    assert not AuditEvent.objects.filter(type="user_logged_in").exists()


def test_a_password_is_not_changed_to_itself(db: None) -> None:
    account = make_account(Role.AUDITOR, must_change_password=True)
    browser = Client()
    browser.force_login(account)
    url = reverse("account_change_password")
    same = {"oldpassword": PASSWORD, "password1": PASSWORD, "password2": PASSWORD}

    assert browser.post(url, same).status_code == 200
    account.refresh_from_db()
    assert account.must_change_password

    other = "another-quite-long-phrase-71"
    browser.post(url, {"oldpassword": PASSWORD, "password1": other, "password2": other})
    account.refresh_from_db()
    assert not account.must_change_password


def test_an_unsigned_draft_of_a_withdrawn_note_shows_neither_claims_nor_source(db: None) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    browser = Client()
    browser.force_login(clinician)
    url = reverse("summary", args=[summary.pk])
    assert "Metoprolol 50 mg" in browser.get(url).content.decode()
    document = summary.sources.get().note.document
    documents.withdraw(by=clinician, document_id=document.pk, reason="Wrong patient.")

    page = browser.get(url).content.decode()
    assert "Entered in error" in page
    assert "Metoprolol" not in page
    polled = browser.get(reverse("summary_progress", args=[summary.pk])).content.decode()
    assert "Metoprolol" not in polled


def test_an_abandoned_draft_says_why_and_shows_no_claim(db: None) -> None:
    clinician = make_clinician()
    ready = make_summary(clinician)
    job = ready.job
    Job.objects.filter(pk=job.pk).update(status="running", attempt=2, lease_until=timezone.now())
    draft = Summary.objects.create(
        patient=ready.patient, job=job, attempt=2, model_version=ready.model_version
    )
    draft.sources.create(note=ready.sources.get().note, position=1)
    draft.claims.create(position=1, category="plan", assertion="present", text="Half a sentence")
    Summary.objects.filter(pk=draft.pk).update(
        status="abandoned", ended_at=timezone.now(), abandoned_because="connection_lost"
    )
    browser = Client()
    browser.force_login(clinician)

    page = browser.get(reverse("summary", args=[draft.pk])).content.decode()
    assert "This draft was abandoned" in page
    assert "Half a sentence" not in page
    assert "Metoprolol" not in page


def test_a_poll_that_may_no_longer_look_is_told_to_load_the_page_anew(db: None) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    clinician.memberships.update(ended_at=datetime.datetime.now(datetime.UTC))
    browser = Client()
    browser.force_login(clinician)

    answer = browser.get(reverse("summary_progress", args=[summary.pk]), headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer["HX-Refresh"] == "true"


def test_a_visit_to_an_address_that_takes_a_form_is_no_dead_end(db: None) -> None:
    clinician = make_clinician()
    summary = make_summary(clinician)
    browser = Client()
    browser.force_login(clinician)

    answer = browser.get(reverse("review_decide", args=[summary.pk]))
    assert answer.status_code == 405
    assert "begin the step again" in answer.content.decode()


def test_a_patients_filter_finds_the_lists_that_showed_the_patient(db: None) -> None:
    clinician = make_clinician()
    shown = make_patient(clinician, family_name="Shownperson")
    other = make_patient(clinician)
    patients.search(by=clinician, query="Shownperson")
    summaries.worklist(by=clinician)

    found = AuditFilter(patient_id=shown.pk).rows().values_list("type", flat=True)
    assert list(found) == ["patients_searched", "patient_created"]
    assert list(AuditFilter(patient_id=other.pk).rows().values_list("type", flat=True)) == ["patient_created"]
