"""The operator's pages of jobs: states, times and reasons, and never a word of a note."""

import datetime
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinical.actions import jobs as actions
from clinical.actions.jobs import PAGE_ROWS
from clinical.models import AuditEvent, Document, Job, Role, Tick, User
from clinical.views.jobs import duration
from tests.factories import make_account, make_clinician, make_document, make_patient, make_summary


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(make_account(Role.OPERATOR))
    return client


def copies(document: Document, count: int, **fields: object) -> list[Job]:
    """Rows of finished jobs, newest last."""
    wanted = {"status": Job.Status.DONE, "attempt": 1, "started_at": timezone.now(), **fields}
    return [
        Job.objects.create(kind=Job.Kind.EXTRACT, lane="interactive", document=document, **wanted)
        for _ in range(count)
    ]


def test_no_page_of_jobs_shows_whose_note_it_is_or_what_it_says(browser: Client) -> None:
    clinician = make_clinician()
    patient = make_patient(clinician, mrn="ZQ-77", given_name="Quillon", family_name="Sentinelson")
    summary = make_summary(
        clinician, patient, text="Assessment:\nCANARY-9f3 cough for two days.\n", filename="Sentinelson.txt"
    )

    for address in [
        reverse("jobs"),
        *(reverse("job", args=[job.pk]) for job in Job.objects.all()),
        *(reverse("job_retry", args=[job.pk]) for job in Job.objects.all()),
        *(reverse("job_cancel", args=[job.pk]) for job in Job.objects.all()),
    ]:
        page = browser.get(address).content.decode()
        for secret in (
            "CANARY",
            "Quillon",
            "entinelson",
            "ENTINELSON",
            "ZQ-77",
            "2026-11-01",
            str(patient.pk),
        ):
            assert secret not in page, (secret, address)
    assert summary.job.requested_by is None or summary.job.requested_by == clinician


def test_the_job_page_shows_attempts_engine_and_result(browser: Client) -> None:
    summary = make_summary(make_clinician())

    page = browser.get(reverse("job", args=[summary.job_id])).content.decode()

    assert summary.model_version.engine in page
    assert summary.model_version.digest[:12] in page
    assert "Attempt 1 began" in page
    assert "Ready" in page


def test_a_failed_job_says_why_and_can_be_retried(browser: Client) -> None:
    document = make_document(make_clinician())
    job = document.jobs.get()
    Job.objects.filter(pk=job.pk).update(
        status=Job.Status.FAILED, error_code="gave_up", finished_at=timezone.now(), attempts_left=0, attempt=5
    )

    page = browser.get(reverse("job", args=[job.pk])).content.decode()
    assert "Every attempt ended without a result" in page
    assert reverse("job_retry", args=[job.pk]) in page
    assert reverse("job_cancel", args=[job.pk]) not in page

    response = browser.post(reverse("job_retry", args=[job.pk]))
    job.refresh_from_db()
    assert response.status_code == 302
    assert (job.status, job.error_code) == (Job.Status.QUEUED, "")
    assert AuditEvent.objects.order_by("-seq")[0].type == "job_retried"


def test_a_waiting_job_is_cancelled_after_a_question(browser: Client) -> None:
    job = make_document(make_clinician()).jobs.get()

    assert "Cancel this job?" in browser.get(reverse("job_cancel", args=[job.pk])).content.decode()
    browser.post(reverse("job_cancel", args=[job.pk]))

    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert browser.post(reverse("job_cancel", args=[job.pk])).status_code == 409


def test_a_done_job_cannot_be_retried(browser: Client) -> None:
    job = copies(make_document(make_clinician()), 1)[0]

    response = browser.post(reverse("job_retry", args=[job.pk]))

    assert response.status_code == 409
    assert "Only a failed or cancelled job can be retried." in response.content.decode()


def test_the_tabs_count_every_state_and_filter_by_one(browser: Client) -> None:
    document = make_document(make_clinician())
    copies(document, 2)
    copies(document, 1, status=Job.Status.FAILED, error_code="internal")

    page = browser.get(reverse("jobs"), {"status": "failed"})

    assert [(label, count) for _, label, count in page.context["tabs"]] == [
        ("All", 4),
        ("Waiting", 1),
        ("Running", 0),
        ("Done", 2),
        ("Failed", 1),
        ("Cancelled", 0),
    ]
    assert [row.job.status for row in page.context["rows"]] == ["failed"]


def test_older_jobs_are_reached_by_key_and_none_is_shown_twice(browser: Client) -> None:
    made = copies(make_document(make_clinician()), PAGE_ROWS + 5)

    first = browser.get(reverse("jobs"))
    link = re.search(r'id="older" href="([^"]+)"', first.content.decode())
    assert link
    second = browser.get(reverse("jobs") + link[1])

    shown = [row.job.pk for page in (first, second) for row in page.context["rows"]]
    assert len(shown) == len(set(shown)) == len(made) + 1


def test_only_the_first_page_with_live_jobs_renews_itself(browser: Client) -> None:
    job = make_document(make_clinician()).jobs.get()
    address = reverse("jobs")

    assert 'hx-trigger="every 5s"' in browser.get(address).content.decode()
    assert "hx-trigger" not in browser.get(address, {"before": str(job.pk)}).content.decode()
    assert "hx-trigger" not in browser.get(address, {"refresh": "off"}).content.decode()
    actions.cancel(by=User.objects.get(role=Role.OPERATOR), job_id=job.pk)
    assert "hx-trigger" not in browser.get(address).content.decode()


def test_htmx_gets_the_very_fragment_that_the_page_holds(browser: Client) -> None:
    make_document(make_clinician())

    fragment = browser.get(reverse("jobs"), headers={"HX-Request": "true"})

    assert "<html" not in fragment.content.decode()
    assert fragment.content.decode().lstrip().startswith('<div id="jobs"')
    assert "HX-Request" in fragment["Vary"]


def test_the_page_says_how_old_the_last_tick_is(browser: Client) -> None:
    assert "is the scheduler running?" in browser.get(reverse("jobs")).content.decode()

    Tick.objects.create(name=actions.TICK, at=timezone.now() - datetime.timedelta(seconds=3))
    assert "is the scheduler running?" not in browser.get(reverse("jobs")).content.decode()


def test_the_engine_and_its_address_are_shown_without_a_password(browser: Client, settings: object) -> None:
    settings.EPITOME_ENGINE_URL = "http://user:secret@127.0.0.1:9/v1"  # type: ignore[attr-defined]

    page = browser.get(reverse("jobs")).content.decode()

    assert "http://127.0.0.1:9" in page
    assert "secret" not in page


def test_values_in_the_address_that_mean_nothing_are_left_out(browser: Client) -> None:
    assert browser.get(reverse("jobs"), {"status": "x", "before": "y"}).status_code == 200


def test_the_list_costs_the_same_queries_for_one_row_and_for_twenty(browser: Client) -> None:
    document = make_document(make_clinician())
    with CaptureQueriesContext(connection) as one:
        browser.get(reverse("jobs"))
    copies(document, 20, requested_by=make_clinician())
    with CaptureQueriesContext(connection) as twenty:
        browser.get(reverse("jobs"))

    assert len(twenty) == len(one)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.6, "1 h 0 min"),
        (7_500, "2 h 5 min"),
        (200_000, "2 days"),
    ],
)
def test_a_duration_reads_naturally_at_every_size(seconds: float, words: str) -> None:
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    assert duration(start, start + datetime.timedelta(seconds=seconds)) == words
