"""Closing the left-out facts that are not critical as a group: one act, and it says that nobody read each."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinical.actions import facts, reviews
from clinical.models import AuditEvent, Summary, User
from tests.drafts import TEXT, begin_draft, end_draft, go_on, page_of, state
from tests.factories import make_clinician, make_note


@pytest.fixture
def clinician(db: None) -> User:
    return make_clinician(full_name="Dr Ada Invented")


@pytest.fixture
def browser(clinician: User) -> Client:
    client = Client()
    client.force_login(clinician)
    return client


def close(browser: Client, summary: Summary) -> HttpResponse:
    url = reverse("review_close_others", args=[summary.pk])
    return browser.post(url, {"version": 0}, headers={"HX-Request": "true"})


def opened(browser: Client, summary: Summary) -> str:
    return " ".join(browser.get(reverse("summary", args=[summary.pk])).content.decode().split())


def test_closing_the_rest_asks_the_database_as_often_for_thirty_facts_as_for_one(clinician: User) -> None:
    asked, note = [], make_note(clinician, text=TEXT)
    for count in (1, 30):
        made = begin_draft(note, clinician)
        for number in range(count):
            state(made, f"Finding {number} of the chart", 11, kind="diagnosis", is_critical=False)
        end_draft(made)
        page = page_of(clinician, made)
        with CaptureQueriesContext(connection) as queries:
            page = facts.close_others(by=clinician, summary_id=made.pk, version=page.version)
        asked.append(len(queries))
        assert page.version == count
        assert not page.ledger.open_others
        assert AuditEvent.objects.latest("seq").detail == {"facts": count}

    assert asked[0] == asked[1]


def test_a_group_that_was_closed_at_once_says_that_nobody_read_each(clinician: User, browser: Client) -> None:
    made = begin_draft(make_note(clinician, text=TEXT), clinician)
    for finding in ("Type 2 diabetes", "Well controlled"):
        state(made, finding, 11, kind="diagnosis", is_critical=False)
    go_on(made, 1, "Chest pain on exertion for three days", 3)
    end_draft(made)
    close(browser, made)

    html = opened(browser, made)
    assert html.count("</strong>, closed unread with 1 other at once, by Dr Ada Invented") == 2
    refused = " ".join(close(browser, made).content.decode().split())
    assert "Dr Ada Invented: closed as not needed 2 left-out facts" in refused
    reviews.sign(by=clinician, summary_id=made.pk, version=2)
    assert opened(browser, made).count("closed unread with 1 other at once") == 2
