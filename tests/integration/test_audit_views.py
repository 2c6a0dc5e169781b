"""The auditor's pages: every step is there, none of the clinical text is."""

import csv
import io
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinical.actions.audit import PAGE_ROWS, Entry, audited, write
from clinical.models import AuditEvent, AuditType, Role, User
from tests.factories import make_account, make_clinician, make_patient, make_summary


@pytest.fixture
def auditor(db: None) -> User:
    return make_account(Role.AUDITOR)


@pytest.fixture
def browser(auditor: User) -> Client:
    client = Client()
    client.force_login(auditor)
    return client


def write_events(count: int, *, by: User | None = None, **fields: Any) -> None:
    for _ in range(count):
        write(Entry(AuditType.NOTE_OPENED, by, **fields))


def shown(response: Any) -> list[AuditEvent]:
    return [row.event for row in response.context["rows"]]


def test_the_audit_shows_every_step_and_no_clinical_text(browser: Client) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician, mrn="ZQ-77", given_name="Quillon", family_name="Sentinelson")
    make_summary(clinician, patient, text="Assessment:\nCANARY-9f3 cough.\n", filename="Sentinelson.txt")

    response = browser.get(reverse("audit"), {"patient": str(patient.pk)})

    page = response.content.decode()
    assert {event.type for event in shown(response)} == {
        "patient_created",
        "document_uploaded",
        "note_extracted",
        "summary_started",
        "summary_ready",
    }
    for secret in ("CANARY", "Quillon", "entinelson", "ENTINELSON", "ZQ-77"):
        assert secret not in page


def test_opening_exporting_and_verifying_the_audit_are_in_it(browser: Client, auditor: User) -> None:
    browser.get(reverse("audit"), {"outcome": "denied"})
    browser.post(reverse("audit_export"), {"person": auditor.username})
    browser.post(reverse("audit_verify"))

    events = AuditEvent.objects.filter(actor=auditor.username).order_by("seq")
    found = {event.type: event.detail for event in events}
    assert found["audit_opened"] == {"outcome": "denied"}
    assert found["audit_exported"]["person"] == auditor.username
    assert found["audit_exported"]["rows"] > 0
    assert found["audit_verified"]["broken_at"] is None


@pytest.mark.parametrize(
    "filters",
    [
        {"person": "ida"},
        {"type": "patient_opened"},
        {"outcome": "denied"},
        {"patient": "018f0000-0000-7000-8000-000000000001"},
        {"person": "ida", "type": "patient_opened", "outcome": "denied"},
    ],
)
def test_each_filter_keeps_only_what_fits(browser: Client, filters: dict[str, str]) -> None:
    ida = make_account(username="ida")
    patient = uuid.UUID("018f0000-0000-7000-8000-000000000001")
    write_events(2, by=make_account())
    write(Entry(AuditType.PATIENT_OPENED, ida, patient_id=patient), outcome="denied")

    assert [event.actor for event in shown(browser.get(reverse("audit"), filters))] == ["ida"]


def test_a_period_includes_both_its_days(browser: Client) -> None:
    write_events(1)
    today = AuditEvent.objects.latest("seq").recorded_at.date().isoformat()

    assert shown(browser.get(reverse("audit"), {"since": today, "until": today}))
    assert not shown(browser.get(reverse("audit"), {"since": "2001-01-01", "until": "2001-01-31"}))


@pytest.mark.parametrize(
    "filters",
    [
        {"patient": "EP-900001"},
        {"person": "a patient's name"},
        {"type": "x"},
        {"since": "2026-01-02", "until": "2026-01-01"},
    ],
)
def test_a_filter_that_is_no_reference_or_no_account_is_refused_with_a_sentence(
    browser: Client, filters: dict[str, str]
) -> None:
    response = browser.get(reverse("audit"), filters)

    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert "<tbody" not in response.content.decode()


def test_where_no_event_fits_the_page_says_what_to_do(browser: Client) -> None:
    page = browser.get(reverse("audit"), {"type": "claim_decided"}).content.decode()

    assert "No event fits" in page
    assert "Clear the filters" in page


def test_older_events_are_reached_by_key_with_the_filters_kept(browser: Client) -> None:
    ida = make_account(username="ida")
    write_events(PAGE_ROWS + 7, by=ida)

    first = browser.get(reverse("audit"), {"person": "ida"})
    link = re.search(r'class="older-next" href="([^"]+)"', first.content.decode())
    assert link
    second = browser.get(reverse("audit") + link[1].replace("&amp;", "&"))

    seqs = [event.seq for page in (first, second) for event in shown(page)]
    assert len(seqs) == PAGE_ROWS + 7
    assert seqs == sorted(set(seqs), reverse=True)
    assert {event.actor for event in shown(second)} == {"ida"}


def test_references_in_the_detail_are_listed(browser: Client) -> None:
    reference = str(uuid.uuid4())
    write(Entry(AuditType.WORKLIST_OPENED, None, detail={"patients": [reference]}))

    page = browser.get(reverse("audit")).content.decode()

    assert "patients: 1" in page
    assert reference in page


def test_an_event_about_an_account_names_it(browser: Client) -> None:
    ida = make_account(username="ida")
    write(Entry(AuditType.ACCOUNT_DISABLED, None, ida))

    page = browser.get(reverse("audit")).content.decode()

    assert 'account <span class="strong">ida</span>' in page


def test_the_export_has_the_filtered_rows_and_no_formula(browser: Client) -> None:
    for name in ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)"):
        hostile = make_account(username=name)
        write_events(1, by=hostile)
    write_events(3)

    response = browser.post(reverse("audit_export"), {"type": "note_opened"})

    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert response["Content-Type"].startswith("text/csv")
    assert "attachment" in response["Content-Disposition"]
    assert len(rows) == 7
    assert {row["type"] for row in rows} == {"note_opened"}
    assert {row["actor"] for row in rows} >= {"'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)"}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@\t\r" and cell]


def test_one_choice_shows_everything_about_an_outage(browser: Client) -> None:
    outage = (AuditType.ENGINE_LOST, AuditType.ENGINE_REGAINED, AuditType.FALLBACK_REQUESTED)
    write_events(1)
    for kind in outage:
        write(Entry(kind, None))

    page = browser.get(reverse("audit"), {"type": "engine_outages"})

    assert "Engine outages</option>" in page.content.decode()
    assert {event.type for event in shown(page)} == set(outage)
    exported = browser.post(reverse("audit_export"), {"type": "engine_outages"}).content.decode()
    assert {row["type"] for row in csv.DictReader(io.StringIO(exported))} == set(outage)


def test_the_export_form_carries_the_filters_of_the_page(browser: Client) -> None:
    make_account(username="ida")

    page = browser.get(reverse("audit"), {"person": "ida", "outcome": "denied"}).content.decode()

    assert '<input type="hidden" name="person" value="ida">' in page
    assert '<input type="hidden" name="outcome" value="denied">' in page


def test_verifying_shows_the_verdict_and_the_head_to_keep(browser: Client) -> None:
    write_events(2)
    head = bytes(AuditEvent.objects.latest("seq").hash).hex()

    page = browser.post(reverse("audit_verify")).content.decode()

    assert "The chain is whole" in page
    assert head in page


@pytest.mark.parametrize("route", ["audit_export", "audit_verify"])
def test_a_link_never_exports_or_verifies(browser: Client, route: str) -> None:
    assert browser.get(reverse(route)).status_code == 405


def test_a_page_of_the_audit_costs_the_same_queries_for_one_row_and_for_fifty(browser: Client) -> None:
    with audited(AuditType.ACCOUNT_CREATED, by=None, thing=make_account()):
        pass
    with CaptureQueriesContext(connection) as one:
        browser.get(reverse("audit"))
    for _ in range(20):
        account = make_account()
        write(Entry(AuditType.ACCOUNT_DISABLED, account, account))
    with CaptureQueriesContext(connection) as fifty:
        browser.get(reverse("audit"))

    assert len(fifty) == len(one)
