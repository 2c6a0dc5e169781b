"""The worklist: what waits for a clinician, gravest first, and nobody else's patients."""

import datetime
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinical.actions import documents, engines, reviews, summaries
from clinical.actions.summaries import WaitingSummary
from clinical.models import AuditEvent, Job, Role, Summary, Tick, User
from clinical.templatetags.identity import age, days
from inference.prompts import load_prompt
from tests.drafts import DOUBTED, TEXT, again, answer, begin_draft, end_draft
from tests.factories import (
    NOTE,
    make_account,
    make_clinician,
    make_document,
    make_note,
    make_patient,
    make_summary,
    run_jobs,
)

OTHERS_NOTE = "Patient: Walter Nobody\nMRN: EP-555555\n\nReason for admission:\nFell at home.\n"


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician()


@pytest.fixture
def browser(clinician: User) -> Client:
    client = Client()
    client.force_login(clinician)
    return client


def worklist(browser: Client) -> str:
    response = browser.get(reverse("worklist"))
    assert response.status_code == 200
    return response.content.decode()


def test_a_draft_from_before_the_ledger_is_not_said_to_leave_nothing_out(
    browser: Client, clinician: User
) -> None:
    older = begin_draft(make_note(clinician), clinician)
    end_draft(older, has_ledger=False)
    summaries.open_summary(by=clinician, summary_id=older.pk)

    line = next(line for line in summaries.worklist(by=clinician).waiting if line.summary.pk == older.pk)
    assert not line.has_ledger
    page = worklist(browser)
    assert "Left out: not computed" in page
    assert "None open" not in page


def test_an_empty_worklist_says_what_to_do(browser: Client) -> None:
    page = worklist(browser)

    assert "Nothing to review" in page
    assert f'href="{reverse("patients")}"' in page


def test_a_ready_draft_stands_with_its_patient_and_its_undecided_claims(
    browser: Client, clinician: User
) -> None:
    summary = make_summary(clinician)

    page = worklist(browser)

    assert reverse("summary", args=[summary.pk]) in page
    assert summary.patient.name in page
    assert f"{summary.claims.count()} claims, not begun" in page


def test_a_document_that_names_another_patient_waits_for_a_decision(browser: Client, clinician: User) -> None:
    document = make_document(clinician, text=OTHERS_NOTE)
    run_jobs()

    page = worklist(browser)

    assert "1 document may be about the wrong patient" in page
    assert reverse("document", args=[document.pk]) in page


def test_a_document_that_could_not_be_read_says_what_to_do(browser: Client, clinician: User) -> None:
    make_document(clinician, content=b"%PDF-1.4\ntrailer<<>>\n%%EOF", filename="letter.pdf")
    run_jobs()

    page = worklist(browser)

    assert "1 could not be done" in page
    assert "paste the text" in page


def test_a_document_being_read_is_listed_and_offers_to_look_again(browser: Client, clinician: User) -> None:
    document = make_document(clinician)

    page = worklist(browser)

    assert "Being read" in page
    assert reverse("document", args=[document.pk]) in page


def test_a_signed_summary_moves_to_the_signed_ones(browser: Client, clinician: User) -> None:
    summary = make_summary(clinician)
    reviews.sign(by=clinician, summary_id=summary.pk, version=0)

    page = worklist(browser)

    assert "Nothing to review" in page
    assert "Last signed" in page
    assert clinician.full_name in page


def test_a_withdrawn_document_leaves_the_worklist(browser: Client, clinician: User) -> None:
    document = make_document(clinician, text=OTHERS_NOTE)
    run_jobs()

    documents.withdraw(by=clinician, document_id=document.pk, reason="Another patient's.")

    assert reverse("document", args=[document.pk]) not in worklist(browser)


def lines(by: User) -> dict[uuid.UUID, WaitingSummary]:
    return {line.summary.pk: line for line in summaries.worklist(by=by).waiting}


def begin_review(by: User, summary: Summary) -> None:
    target = summary.claims.order_by("position")[0].pk
    reviews.decide(
        by=by, summary_id=summary.pk, version=0, target=target, verb="reject", reason="Said twice."
    )


def test_a_newer_draft_takes_the_place_of_one_nobody_began_on(clinician: User) -> None:
    older = make_summary(clinician)
    newer = again(clinician, older)

    assert set(lines(clinician)) == {newer.pk}


def test_a_draft_somebody_began_on_stays_beside_the_newer_one_and_says_which_it_is(
    browser: Client, clinician: User
) -> None:
    older = make_summary(clinician)
    begin_review(clinician, older)
    newer = again(clinician, older)

    found = lines(clinician)
    assert {pk: line.has_newer for pk, line in found.items()} == {older.pk: True, newer.pk: False}
    page = worklist(browser)
    assert page.count("Begun; a newer one is ready") == 1
    assert page.count("Extracted, not generated") == 2


def test_a_begun_draft_leaves_when_a_newer_one_of_its_kind_is_signed(clinician: User) -> None:
    older = make_summary(clinician)
    begin_review(clinician, older)
    newer = again(clinician, older)
    reviews.sign(by=clinician, summary_id=newer.pk, version=0)

    assert lines(clinician) == {}


def test_each_kind_of_summary_of_a_note_has_a_line(browser: Client, clinician: User) -> None:
    summary = make_summary(clinician)
    handover = again(clinician, summary, prompt="handover")

    found = lines(clinician)
    assert set(found) == {summary.pk, handover.pk}
    page = worklist(browser)
    assert {line.kind for line in found.values()} == {
        "Problem-oriented summary",
        load_prompt("handover").title,
    }
    for line in found.values():
        assert line.kind in page


def test_an_extracted_draft_does_not_hide_a_generated_one(
    clinician: User, script: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    script(answer(*DOUBTED))
    generated = make_summary(clinician, text=TEXT)
    monkeypatch.delenv("EPITOME_ENGINE_SCRIPT")
    engines.site_engine.cache_clear()
    extracted = again(clinician, generated)

    assert not extracted.model_version.is_generative
    assert set(lines(clinician)) == {generated.pk, extracted.pk}


def test_another_team_sees_nothing_of_it(clinician: User) -> None:
    summary = make_summary(clinician)
    client = Client()
    client.force_login(make_clinician())

    assert summary.patient.name not in worklist(client)


def test_opening_the_worklist_writes_one_event_that_names_the_patients_shown(
    browser: Client, clinician: User
) -> None:
    summary = make_summary(clinician)

    worklist(browser)

    event = AuditEvent.objects.get(type="worklist_opened")
    assert event.detail["patients"] == [str(summary.patient_id)]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR])
def test_other_roles_are_refused(db: None, role: str) -> None:
    client = Client()
    client.force_login(make_account(role))

    assert client.get(reverse("worklist")).status_code == 403


def test_the_worklist_costs_the_same_queries_at_1_and_20_rows(browser: Client, clinician: User) -> None:
    def fill(count: int) -> None:
        for n in range(count):
            patient = make_patient(clinician)
            summary = make_summary(clinician, patient)
            begin_review(clinician, summary)
            again(clinician, summary)
            make_document(clinician, patient, text=f"{OTHERS_NOTE}\n{n}")
            make_document(clinician, patient, content=b"%PDF-1.4\n%%EOF", filename="letter.pdf")
        run_jobs()
        for document in [make_document(clinician, text=f"{NOTE}\nKept waiting {n}.") for n in range(count)]:
            Job.objects.filter(document=document).update(
                not_before=timezone.now() + datetime.timedelta(hours=1)
            )

    fill(1)
    worklist(browser)
    with CaptureQueriesContext(connection) as one:
        worklist(browser)
    fill(19)
    with CaptureQueriesContext(connection) as twenty:
        worklist(browser)

    assert len(twenty) == len(one)


def test_late_background_work_is_told_on_every_page(browser: Client) -> None:
    assert "has not reported yet" in worklist(browser)

    tick = Tick.objects.create(name="recover_jobs", at=timezone.now() - datetime.timedelta(seconds=95))
    assert "last reported 95 s ago" in worklist(browser)

    Tick.objects.filter(pk=tick.pk).update(at=timezone.now())
    assert "Background work" not in worklist(browser)


def test_a_page_holds_no_inline_script_or_style(browser: Client, clinician: User) -> None:
    make_summary(clinician)

    page = worklist(browser)

    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count('<script src="/static/')


@pytest.mark.parametrize(
    ("lived_days", "written"), [(0, "0 d"), (27, "27 d"), (30, "4 wk"), (200, "6 mo"), (-1, "not yet born")]
)
def test_an_age_is_written_as_clinicians_do(lived_days: int, written: str) -> None:
    assert age(timezone.localdate() - datetime.timedelta(days=lived_days)) == written


def test_a_birthday_counts_from_its_own_day() -> None:
    today = timezone.localdate()
    born = today.replace(year=today.year - 40, day=min(today.day, 28))
    is_reached = born.day <= today.day

    assert age(born) == ("40 y" if is_reached else "39 y")
    assert age(born + datetime.timedelta(days=3)) == "39 y"


def test_days_found_in_a_document_read_as_in_the_banner() -> None:
    assert days(["1961-02-03"]) == ["3 Feb 1961"]
    assert days(None) == []
